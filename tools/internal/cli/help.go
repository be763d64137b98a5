package cli

import (
	"flag"
	"fmt"
	"io"
	"slices"
	"strings"
)

// help prints the manual page.
func (c Command) help(flags *flag.FlagSet, out io.Writer) {
	fmt.Fprintf(out, "%s: %s\n", c.Name, c.Summary)
	if c.Operands != "" {
		fmt.Fprintf(out, "\nUsage: %s [FLAG]... %s\n", c.Name, c.Operands)
	}
	fmt.Fprintf(out, "\nFlags (an argument @FILE stands for the lines of FILE):\n")
	flags.VisitAll(func(f *flag.Flag) {
		value, text := flag.UnquoteUsage(f)
		if value != "" {
			value = " " + strings.ToUpper(value)
		}
		fmt.Fprintf(out, "  --%s%s\n      %s%s\n", f.Name, value, strings.ReplaceAll(text, "\n", "\n      "), c.remark(f))
	})
	if c.Details != "" {
		fmt.Fprintf(out, "\n%s\n", strings.TrimSpace(c.Details))
	}
}

// remark returns the text that help adds to a flag's usage text.
func (c Command) remark(f *flag.Flag) string {
	_, repeatable := f.Value.(interface{ repeatable() })
	switch {
	case slices.Contains(c.Required, f.Name) && repeatable:
		return " (required, repeatable)"
	case slices.Contains(c.Required, f.Name):
		return " (required)"
	case repeatable:
		return " (repeatable)"
	case f.DefValue != "" && f.DefValue != "false" && f.DefValue != "0":
		return fmt.Sprintf(" (default %s)", f.DefValue)
	}
	return ""
}
