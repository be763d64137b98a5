package shape

import (
	"errors"
	"fmt"
	"path"
	"slices"
	"strings"
)

// Program is the interpreter of a program: what follows "#!" in a script, or the path of the dynamic loader. It is "" for
// a program without one, and for one whose interpreter is unknown.
type Program string

// maxPrograms bounds the size of a shape. A distribution has a thousand programs, a Conda environment ten thousand.
const maxPrograms = 1 << 16

// putPrograms adds the programs of a layer on top of the stack s.
func (s *Shape) putPrograms(layer *Shape) {
	if layer.Programs == nil {
		s.ForgetPrograms()
	}
	if s.unknown {
		return
	}
	s.Partial = s.Partial || layer.Partial
	if s.Programs == nil {
		s.Programs = make(map[string]Program)
	}
	for path, program := range layer.Programs {
		s.Programs[path] = program
		delete(s.Symlinks, path)
	}
}

// ForgetPrograms drops the programs of the stack, because a layer's are unknown. The stack will not have any again.
func (s *Shape) ForgetPrograms() { s.Programs, s.unknown = nil, true }

// ErrCannotStart is returned for a program whose interpreter is missing.
var ErrCannotStart = errors.New("the image lacks the program's interpreter")

// maxInterpreters is the number of interpreters of interpreters that Linux follows.
const maxInterpreters = 5

// Launch returns ErrCannotStart if the stack of layers, which must be a whole image, has the program but certainly not
// its interpreter, or that one's own. Name is the program's path, or a name to look up in the directories of search.
func (s *Shape) Launch(name string, search []string) error {
	if s.Programs == nil {
		return nil
	}
	program, ok := s.find(name, search)
	for range maxInterpreters {
		if !ok {
			return nil
		}
		words := strings.Fields(string(s.Programs[program]))
		if len(words) == 0 || !path.IsAbs(words[0]) {
			return nil
		}
		needed := words[0]
		interpreter, found := s.find(needed, nil)
		if found && path.Base(needed) == "env" {
			if command := commandOf(words[1:]); command != "" {
				needed = command
				// env finds the program; it is not an interpreter itself.
				interpreter, found = s.find(command, search)
			}
		}
		if !found {
			if s.Partial && !isInterpreter(needed) {
				return nil
			}
			return fmt.Errorf("%w: %s needs %s", ErrCannotStart, describe(program, words), place(needed, search))
		}
		program = interpreter
	}
	return nil
}

func describe(program string, words []string) string {
	line := strings.Join(words, " ")
	if len(words) == 1 && strings.HasPrefix(path.Base(line), "ld") {
		return fmt.Sprintf("%s, which is linked for %s,", program, line)
	}
	return fmt.Sprintf("%s, which starts with #!%s,", program, line)
}

func place(needed string, search []string) string {
	if strings.Contains(needed, "/") {
		return needed
	}
	return fmt.Sprintf("%s in PATH, %s", needed, strings.Join(search, ":"))
}

// commandOf returns the command in the arguments of env, or "" if they are not understood.
func commandOf(arguments []string) string {
	for _, argument := range arguments {
		switch {
		case argument == "-S", argument == "-i", argument == "-":
		case strings.HasPrefix(argument, "-"):
			return ""
		case strings.Contains(argument, "="):
		default:
			return argument
		}
	}
	return ""
}

// find returns the path of a program, with symlinks resolved.
func (s *Shape) find(name string, search []string) (string, bool) {
	if strings.Contains(name, "/") {
		return s.resolve(name)
	}
	for _, dir := range search {
		if found, ok := s.resolve(path.Join(dir, name)); ok {
			return found, true
		}
	}
	return "", false
}

// resolve returns the path of the program that the absolute path name leads to.
func (s *Shape) resolve(name string) (string, bool) {
	if !path.IsAbs(name) {
		return "", false
	}
	rest := strings.Split(name, "/")
	done := "/"
	for links := 0; len(rest) > 0; {
		switch rest[0] {
		case "", ".":
		case "..":
			done = path.Dir(done)
		default:
			next := path.Join(done, rest[0])
			target, isLink := s.Symlinks[next]
			if !isLink {
				done = next
				break
			}
			if links++; links > maxLinks {
				return "", false
			}
			if path.IsAbs(target) {
				done = "/"
			}
			rest = slices.Concat([]string{""}, strings.Split(target, "/"), rest[1:])
		}
		rest = rest[1:]
	}
	_, ok := s.Programs[done]
	return done, ok
}
