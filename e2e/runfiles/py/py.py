"""Prints files from its runfiles."""

import os

from polite import words
from py import lib
from py.lib import voice
from python.runfiles import runfiles

FILES = [
    "_main/data/file.txt",
    "_main/data/tree/link.txt",
    "_main/data/directory/link.txt",
    "numbers/numbers.txt",
]

found = runfiles.Create()
print("py:", voice.loud(words.hello()))
print("py: package", os.path.basename(lib.__file__), os.path.getsize(lib.__file__))
for name in FILES:
    with open(found.Rlocation(name)) as file:
        print("py:", name, file.read().strip())
