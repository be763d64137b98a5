package difference

import (
	"cmp"
	"fmt"
	"io"
	"strings"

	"github.com/rules-strata/rules_strata/tools/internal/message"
)

// Text writes a report, one difference a line: "+" for what only the second image has, "-" for what only the first has and
// "~" for what has changed.
func Text(w io.Writer, r Report) error {
	var lines []string
	if r.Manifest != nil {
		lines = append(lines, "~ manifest"+r.Manifest.values())
	}
	for _, c := range r.Config {
		lines = append(lines, c.mark()+" config "+c.Key+c.values())
	}
	for _, c := range r.Annotations {
		lines = append(lines, c.mark()+" annotation "+c.Key+c.values())
	}
	for _, l := range r.Layers {
		lines = append(lines, fmt.Sprintf("%s layer %s (%d bytes)", marks[l.Change], l.Digest, l.Size))
	}
	for _, f := range r.Files {
		line := f.mark() + " file " + f.Path
		if f.From != "" {
			line += ", moved from " + f.From
		}
		for n, c := range f.Details {
			line += []string{": ", ", "}[min(n, 1)] + c.Key + c.values()
		}
		lines = append(lines, line)
	}
	if r.LayersOnly() && len(r.Layers) > 0 {
		lines = append(lines, "= the settings and the file systems are the same")
	}
	for _, line := range lines {
		if _, err := fmt.Fprintln(w, message.Lines(strings.ReplaceAll(line, "\n", `\n`))); err != nil {
			return err
		}
	}
	return nil
}

// marks has the marks of changes; all others have that of a changed value.
var marks = map[string]string{Removed: "-", Added: "+"}

const changed = "~"

func (f File) mark() string { return cmp.Or(marks[f.Change], changed) }

func (c Change) mark() string {
	switch {
	case c.Before == nil:
		return marks[Added]
	case c.After == nil:
		return marks[Removed]
	}
	return changed
}

// values returns the values of a change.
func (c Change) values() string {
	switch {
	case c.Before == nil:
		return " " + *c.After
	case c.After == nil:
		return " " + *c.Before
	}
	return " " + cmp.Or(*c.Before, `""`) + " -> " + cmp.Or(*c.After, `""`)
}
