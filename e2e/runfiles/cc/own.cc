#include "cc/own.h"

const char* own() { return "a local library"; }
