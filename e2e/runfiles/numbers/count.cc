#include "count.h"

const char* count() { return "three of another repository"; }
