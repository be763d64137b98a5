"""Prints its environment, its arguments, and the contents of the files among them."""

import os
import sys

print("NAME=" + os.environ["NAME"])
for argument in sys.argv[1:]:
    if os.path.exists(argument):
        with open(argument, encoding="utf-8") as file:
            print(file.read(), end="")
    else:
        print(argument)
