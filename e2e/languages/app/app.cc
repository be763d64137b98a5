// Prints its environment, its arguments, and the contents of the files among them. It needs nothing of the C++ library
// that is newer than the base.
#include <cstdio>
#include <cstdlib>

int main(int argc, char** argv) {
  std::printf("NAME=%s\n", std::getenv("NAME"));
  for (int i = 1; i < argc; ++i) {
    std::FILE* file = std::fopen(argv[i], "r");
    if (!file) {
      std::printf("%s\n", argv[i]);
      continue;
    }
    for (int c = std::fgetc(file); c != EOF; c = std::fgetc(file)) std::putchar(c);
    std::fclose(file);
  }
}
