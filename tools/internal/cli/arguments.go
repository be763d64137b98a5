package cli

import (
	"fmt"
	"os"
	"strings"
)

// expand replaces each argument "@FILE" or "--flagfile=FILE" with the arguments in FILE. A file cannot refer to another
// one. The rules use the second form, because Bazel reads a file in the first form itself when it calls a worker.
func expand(args []string) ([]string, error) {
	var all []string
	for _, arg := range args {
		name, isFile := strings.CutPrefix(arg, "@")
		if !isFile {
			name, isFile = strings.CutPrefix(arg, "--flagfile=")
		}
		if !isFile {
			all = append(all, arg)
			continue
		}
		text, err := os.ReadFile(name)
		if err != nil {
			return nil, Usage("parameter file: %w", err)
		}
		more, err := Arguments(string(text))
		if err != nil {
			return nil, Usage("parameter file: %s: %w", name, err)
		}
		all = append(all, more...)
	}
	return all, nil
}

// Arguments returns the arguments in the text of a parameter file. Each line is one argument, verbatim, unless it begins
// with a single quote: then the argument is quoted as for a shell, in single quotes with \' between them for a quote, and
// may contain line feeds. Bazel writes this form for Args in the format "shell".
func Arguments(text string) ([]string, error) {
	var all []string
	for number := 1; text != ""; number++ {
		arg, rest, _ := strings.Cut(text, "\n")
		if strings.HasPrefix(text, "'") {
			var err error
			if arg, rest, err = unquote(text); err != nil {
				return nil, fmt.Errorf("argument %d: %w", number, err)
			}
		}
		all, text = append(all, arg), rest
	}
	return all, nil
}

// unquote returns the argument that begins with a quote, and the text after its line.
func unquote(text string) (arg, rest string, err error) {
	var b strings.Builder
	for {
		part, after, closed := strings.Cut(text[1:], "'")
		if !closed {
			return "", "", fmt.Errorf("no closing quote")
		}
		b.WriteString(part)
		switch {
		case after == "" || after[0] == '\n':
			return b.String(), strings.TrimPrefix(after, "\n"), nil
		case !strings.HasPrefix(after, `\''`):
			return "", "", fmt.Errorf("%q after the closing quote, expected the end of the line", after[:1])
		}
		b.WriteByte('\'')
		text = after[2:]
	}
}
