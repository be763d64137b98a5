package prefix

import (
	"bytes"
	"io"

	"github.com/rules-strata/rules_strata/tools/internal/pattern"
)

const (
	// maxShebang is the length of the first line of a script that every Linux accepts, in bytes.
	maxShebang = 127
	// maxLine bounds the first line that is held in memory. No kernel reads a longer one.
	maxLine = 64 << 10
)

// shebang matches the first line of a script: the interpreter, in which backslashes escape spaces, and its argument.
var shebang = pattern.New(`^#! *(/(?:\\ |[^ \r\t])*)(.*)$`)

// python matches the name of a Python interpreter.
var python = pattern.New(`^python([0-9]+(\.[0-9]+)?)?$`)

// script is a stage that shortens the first line of a script that the kernel would not accept.
type script struct {
	to   io.Writer
	line []byte // the first line, as far as it has been seen
	past bool   // it has been sent
}

// Write implements io.Writer.
func (s *script) Write(p []byte) (int, error) {
	if s.past {
		return s.to.Write(p)
	}
	s.line = append(s.line, p...)
	isScript := len(s.line) < 2 || bytes.HasPrefix(s.line, []byte("#!"))
	if isScript && len(s.line) <= maxLine && bytes.IndexByte(s.line, '\n') < 0 {
		return len(p), nil
	}
	return len(p), s.Close()
}

// Close sends what has been held back.
func (s *script) Close() error {
	if s.past {
		return nil
	}
	s.past = true
	line, rest := s.line, []byte(nil)
	if end := bytes.IndexByte(line, '\n'); end >= 0 {
		line, rest = line[:end], line[end:]
	}
	_, err := s.to.Write(append(Shorten(line), rest...))
	s.line = nil
	return err
}

// Shorten returns the first line of a script in a form that the kernel accepts. A script of Python becomes one of the
// shell that starts Python again, which takes the line for a string; other interpreters are found in PATH.
func Shorten(line []byte) []byte {
	parts := shebang().FindSubmatch(line)
	if len(line) <= maxShebang || len(line) > maxLine || parts == nil {
		return bytes.Clone(line)
	}
	interpreter, options := parts[1], parts[2]
	name := interpreter[bytes.LastIndexByte(interpreter, '/')+1:]
	if python().Match(name) {
		return []byte("#!/bin/sh\n'''exec' \"" + string(interpreter) + "\"" + string(options) + ` "$0" "$@" #'''`)
	}
	return []byte("#!/usr/bin/env " + string(name) + string(options))
}
