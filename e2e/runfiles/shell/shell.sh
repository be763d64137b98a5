#!/bin/bash
# Prints files from its runfiles, and calls a program in them.
set -euo pipefail

# shellcheck source=/dev/null
. "${RUNFILES_DIR:-$0.runfiles}/bazel_tools/tools/bash/runfiles/runfiles.bash"
runfiles_export_envvars
for name in greeting/hello.txt _main/data/tree/link.txt _main/data/directory/link.txt; do
  echo "shell: $name $(cat "$(rlocation "$name")")"
done
"$(rlocation _main/py/py)" | sed 's/^/shell: /'
