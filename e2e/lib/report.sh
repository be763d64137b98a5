# shellcheck shell=bash
# Checks. A check is a command that runs in a strict subshell and passes if it succeeds.
#
# The caller sets RUN, a directory for the results, and opens file descriptor 3 for output that readers should see even
# from a check that passes. Results are lines of $RUN/results, so that checks can run in subshells; $RUN/failures has the
# last lines that failed checks have printed.

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
    tail -n 25 "$log" | sed 's/^/    | /' >>"$RUN/failures"
  fi
}

# report ok|FAIL TEXT [STARTED]: the line of one check, and its result.
report() {
  local line started=${3:-$EPOCHREALTIME}
  printf '%s\n' "$1" >>"$RUN/results"
  printf -v line '%-4s %s: %s (%d.%d s)' "$1" "${CASE:-check}" "$2" \
    $(((${EPOCHREALTIME/./} - ${started/./}) / 1000000)) \
    $(((${EPOCHREALTIME/./} - ${started/./}) / 100000 % 10))
  [ "$1" = ok ] || printf '%s\n' "$line" >>"$RUN/failures"
  printf '%s\n' "$line" >&3
}

# note TEXT: a line for the reader, such as a figure.
note() { printf '     %s\n' "$*" >&3; }

# fail TEXT: ends the check.
fail() {
  printf '%s\n' "$*" >&2
  exit 1
}

# equal WHAT WANT GOT: fails unless both are equal. If WANT is empty, GOT must be a variable: the shell ignores the failure
# of a command substitution in an argument.
equal() { [ "$2" = "$3" ] || fail "$1: want $2, got $3"; }

# contains FILE TEXT...: fails unless FILE contains each TEXT literally.
contains() {
  local file=$1 text
  shift
  for text; do
    [ -n "$text" ] || fail "nothing to look for"
    grep -qF -e "$text" "$file" || fail "no \"$text\" in: $(cat "$file")"
  done
}

# lacks FILE TEXT...: fails if FILE contains one of the TEXTs.
lacks() {
  local file=$1 text
  shift
  for text; do
    [ -n "$text" ] || fail "nothing to look for"
    if grep -qF -e "$text" "$file"; then fail "\"$text\" found in: $(cat "$file")"; fi
  done
}

# summary: the failures again, which a long log hides, and the last line. Fails if a check failed, or if there were no checks.
summary() {
  local passed failed
  touch "$RUN/results" "$RUN/failures"
  if [ -s "$RUN/failures" ]; then
    printf '\nFailures:\n' >&3
    cat "$RUN/failures" >&3
  fi
  passed=$(grep -c '^ok$' "$RUN/results" || [ $? = 1 ])
  failed=$(grep -c '^FAIL$' "$RUN/results" || [ $? = 1 ])
  printf '%d passed, %d failed\n' "$passed" "$failed" >&3
  [ "$failed" = 0 ] && [ "$passed" != 0 ]
}
