// Prints its environment, its arguments, and the contents of the files among them.
#include <cstdlib>
#include <fstream>
#include <iostream>

int main(int argc, char** argv) {
  std::cout << "NAME=" << std::getenv("NAME") << "\n";
  for (int i = 1; i < argc; ++i) {
    std::ifstream file(argv[i]);
    if (file) {
      std::cout << file.rdbuf();
    } else {
      std::cout << argv[i] << "\n";
    }
  }
}
