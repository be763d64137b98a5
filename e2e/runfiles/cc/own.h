const char* own();
