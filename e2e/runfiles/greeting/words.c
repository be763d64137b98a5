const char *words(void) { return "a library of another repository"; }
