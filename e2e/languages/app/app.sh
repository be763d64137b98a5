#!/bin/sh
# Prints its environment, its arguments, and the contents of the files among them.
echo "NAME=$NAME"
for argument; do
  if [ -e "$argument" ]; then cat "$argument"; else echo "$argument"; fi
done
