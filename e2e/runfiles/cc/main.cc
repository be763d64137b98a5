#include <cstdio>

#include "cc/own.h"
#include "count.h"

int main() { std::printf("cc: %s\ncc: %s\n", own(), count()); }
