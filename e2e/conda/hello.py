import os
import sys

print("hello from", sys.prefix, os.environ["CONDA_PREFIX"], os.environ["CONDA_DEFAULT_ENV"])
