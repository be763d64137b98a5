# shellcheck shell=bash
# Checks: one is a command that runs in a strict subshell and passes if it ends well.
#
# The caller sets RUN, a directory for the results, and opens file descriptor 3 for what a reader shall see even of a
# check that passes. Results are lines of $RUN/results, so that checks may be made in subshells.

# check TEXT COMMAND...: one check. Its output is shown only if it fails, and never ends the script.
check() {
  local text=$1 log started status
  shift
  log=$(mktemp "$RUN/check.XXXXXX")
  started=$EPOCHREALTIME
  set +e
  (
    set -euo pipefail
    "$@"
  ) >"$log" 2>&1 </dev/null
  status=$?
  set -e
  if [ "$status" = 0 ]; then
    report ok "$text" "$started"
  else
    report FAIL "$text" "$started"
    sed 's/^/    | /' "$log" >&3
  fi
}

# report ok|FAIL TEXT [STARTED]: the line of one check, and its result.
report() {
  local started=${3:-$EPOCHREALTIME}
  printf '%s\n' "$1" >>"$RUN/results"
  printf '%-4s %s: %s (%d.%d s)\n' "$1" "${CASE:-check}" "$2" \
    $(((${EPOCHREALTIME/./} - ${started/./}) / 1000000)) \
    $(((${EPOCHREALTIME/./} - ${started/./}) / 100000 % 10)) >&3
}

# note TEXT: a line for the reader, a figure for instance.
note() { printf '     %s\n' "$*" >&3; }

# fail TEXT: ends the check.
fail() {
  printf '%s\n' "$*" >&2
  exit 1
}

# equal WHAT WANT GOT: fails unless both are the same. Where nothing is wanted GOT has to be a variable: the shell does
# not notice that a command failed which stands among the arguments.
equal() { [ "$2" = "$3" ] || fail "$1: want $2, got $3"; }

# contains FILE TEXT...: fails unless each TEXT stands in FILE, letter for letter.
contains() {
  local file=$1 text
  shift
  for text; do
    [ -n "$text" ] || fail "nothing to look for"
    grep -qF -e "$text" "$file" || fail "no \"$text\" in: $(cat "$file")"
  done
}

# lacks FILE TEXT...: fails if one of the TEXTs stands in FILE.
lacks() {
  local file=$1 text
  shift
  for text; do
    [ -n "$text" ] || fail "nothing to look for"
    if grep -qF -e "$text" "$file"; then fail "\"$text\" stands in: $(cat "$file")"; fi
  done
}

# summary: the closing line. Ends with an error if a check failed, or if there was none.
summary() {
  local passed failed
  touch "$RUN/results"
  passed=$(grep -c '^ok$' "$RUN/results" || [ $? = 1 ])
  failed=$(grep -c '^FAIL$' "$RUN/results" || [ $? = 1 ])
  printf '%d passed, %d failed\n' "$passed" "$failed" >&3
  [ "$failed" = 0 ] && [ "$passed" != 0 ]
}
