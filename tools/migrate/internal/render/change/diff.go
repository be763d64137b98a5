package change

import (
	"io"
	"strings"

	"github.com/rogpeppe/go-internal/diff"
)

// PrintDiff writes the changes in the unified format.
func PrintDiff(out io.Writer, changes []Change) {
	for _, c := range changes {
		_, _ = out.Write(trimmed(diff.Diff("a/"+c.File.Name, c.File.Text, "b/"+c.File.Name, c.Text)))
	}
}

// trimmed returns a diff without its first line, "diff A B", which patch programs do not need.
func trimmed(text []byte) []byte {
	if line, rest, ok := strings.Cut(string(text), "\n"); ok && strings.HasPrefix(line, "diff ") {
		return []byte(rest)
	}
	return text
}
