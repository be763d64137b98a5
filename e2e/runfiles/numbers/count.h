const char* count();
