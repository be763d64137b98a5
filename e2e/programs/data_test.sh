#!/bin/sh
# data_test.sh [PROGRAM NAME]...: each PROGRAM, an image_load, makes an archive of an image with NAME, from here and from
# elsewhere.
set -eu
while [ $# != 0 ]; do
  "./$1" --archive="$TEST_TMPDIR/here.tar"
  (cd / && RUNFILES_DIR=$TEST_SRCDIR "$TEST_SRCDIR/_main/$1" --archive="$TEST_TMPDIR/elsewhere.tar")
  cmp "$TEST_TMPDIR/here.tar" "$TEST_TMPDIR/elsewhere.tar"
  tar -xOf "$TEST_TMPDIR/here.tar" manifest.json | grep "\"$2\""
  shift 2
done
