#include "cc/own.h"

const char* own() { return "a library of its own"; }
