const char *voice(void) { return "a library of this repository"; }
