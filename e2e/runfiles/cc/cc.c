#include <stdio.h>
#include <string.h>
#include <unistd.h>

const char *voice(void);
const char *words(void);

/* Prints what its libraries say, and a file found by the name that the system has for the program. */
int main(void) {
  char path[4096], line[256];
  ssize_t length = readlink("/proc/self/exe", path, sizeof path - 64);
  if (length < 0) return 1;
  strcpy(path + length, ".runfiles/_main/data/file.txt");
  FILE *file = fopen(path, "r");
  if (!file || !fgets(line, sizeof line, file)) {
    perror(path);
    return 1;
  }
  printf("cc: %s\ncc: %s\ncc: _main/data/file.txt %s", voice(), words(), line);
  return 0;
}
