package shape

import (
	"maps"
	"path"
	"slices"
	"strings"
)

// interpreters are the names of common interpreters: programs that other programs start with.
var interpreters = []string{
	"ash", "awk", "bash", "bun", "busybox", "dash", "deno", "env", "fish", "gawk", "guile", "java", "ksh", "mawk", "mksh", "node", "nodejs",
	"php", "pwsh", "rbash", "sed", "sh", "tclsh", "toybox", "zsh",
}

// interpreterPrefixes are what names of interpreters begin with that may end in a version.
var interpreterPrefixes = []string{"ld-", "ld.so", "ld64", "lua", "perl", "php", "pypy", "python", "ruby", "tclsh"}

// isInterpreter reports whether a program has the name of a common interpreter.
func isInterpreter(program string) bool {
	name := path.Base(program)
	return slices.Contains(interpreters, name) || slices.ContainsFunc(interpreterPrefixes, func(prefix string) bool {
		return strings.HasPrefix(name, prefix)
	})
}

// KeepInterpreters drops the programs of the stack that are not common interpreters, so that its file stays small: a
// distribution has a thousand programs, and a dozen interpreters. The stack is Partial then.
func (s *Shape) KeepInterpreters() {
	if s.Programs == nil {
		return
	}
	wanted := make(map[string]bool)
	for link := range s.Symlinks {
		if isInterpreter(link) {
			target, _ := s.resolve(link)
			wanted[target] = true
		}
	}
	maps.DeleteFunc(s.Programs, func(path string, _ Program) bool { return !isInterpreter(path) && !wanted[path] })
	s.Partial = true
}
