package main

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"github.com/rogpeppe/go-internal/diff"
)

// printDiff writes the changes in the unified format.
func printDiff(out io.Writer, changes []change) {
	for _, c := range changes {
		_, _ = out.Write(trimmed(diff.Diff("a/"+c.file.name, c.file.text, "b/"+c.file.name, c.text)))
	}
}

// trimmed returns a diff without its first line, "diff A B", which patch programs do not need.
func trimmed(text []byte) []byte {
	if line, rest, ok := strings.Cut(string(text), "\n"); ok && strings.HasPrefix(line, "diff ") {
		return []byte(rest)
	}
	return text
}

// report lists what was not translated, and why. It returns the number of skipped calls.
func (w *workspace) report(out io.Writer) int {
	skipped := 0
	for _, err := range w.unread {
		skipped++
		fmt.Fprintf(out, "%s\n", line(err.Error()))
	}
	for _, c := range w.calls() {
		if !c.file.chosen || c.rule.stays() {
			continue
		}
		if c.rule.role == archive && c.rule.ruleset != "rules_docker" {
			w.reportTar(out, c)
			continue
		}
		if c.translated() {
			for _, note := range c.notes {
				fmt.Fprintf(out, "%s: %s: note: %s\n", c.where(), c.kind(), line(note))
			}
			continue
		}
		skipped++
		for _, p := range c.problems {
			attr := c.kind()
			if p.attr != "" {
				attr += "." + p.attr
			}
			fmt.Fprintf(out, "%s: %s: [%s] %s; %s\n", c.where(), attr, p.code, line(p.reason), line(p.advice))
		}
	}
	for _, dir := range w.nested {
		fmt.Fprintf(out, "next: %s is another workspace: migrate --workspace=%s\n", line(dir), line(dir))
	}
	for _, step := range w.setup {
		fmt.Fprintf(out, "next: %s\n", line(step))
	}
	done := 0
	for _, c := range w.calls() {
		if c.translated() {
			done++
		}
	}
	fmt.Fprintf(out, "%d translated, %d skipped\n", done, skipped)
	return skipped
}

// reportTar says why a tar that translated images use does not become a layer itself. That is no skipped call: the images
// have a layer with the tar.
func (w *workspace) reportTar(out io.Writer, c *call) {
	key, ok := c.target()
	used := ok && slices.ContainsFunc(w.calls(), func(user *call) bool {
		return user.translated() && slices.ContainsFunc(user.refs, func(r reference) bool { return r.key == key })
	})
	if !used || len(c.problems) == 0 {
		return
	}
	p := c.problems[0]
	name := c.kind()
	if p.attr != "" {
		name += "." + p.attr
	}
	fmt.Fprintf(out, "%s: %s: note: the target stays a tar: %s\n", c.where(), name, line(p.reason))
}

// line makes text of files printable on one line.
func line(text string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f || r >= 0x80 && r < 0xa0 {
			return ' '
		}
		return r
	}, text)
}

// statistics writes the share of each ruleset and the reasons for the calls that stay. Calls that only wait for another of their
// chain count for its reason. Tars count separately: those that stay work unchanged.
func (w *workspace) statistics(out io.Writer) {
	total, done, waiting, codes := map[string]int{}, map[string]int{}, map[string]int{}, map[string]int{}
	for _, c := range w.calls() {
		if c.rule.stays() || !c.file.chosen {
			continue
		}
		name := c.rule.ruleset
		total[name]++
		switch {
		case c.translated():
			done[name]++
		case c.rule.role == archive && c.rule.ruleset != "rules_docker":
		default:
			if len(c.problems) > 0 && c.problems[0].code == "chain" {
				waiting[name]++
			}
			codes[c.reason()]++
		}
	}
	for _, name := range slices.Sorted(maps.Keys(total)) {
		if name == "rules_pkg" || name == "tar.bzl" {
			fmt.Fprintf(out, "%s\t%d of %d, the others stay tars\n", name, done[name], total[name])
			continue
		}
		fmt.Fprintf(out, "%s\t%d of %d, %d more without their chains\n", name, done[name], total[name], waiting[name])
	}
	for _, code := range slices.Sorted(maps.Keys(codes)) {
		fmt.Fprintf(out, "\t%s\t%d\n", code, codes[code])
	}
}

// reason returns why a call stays: its own first problem, or that of the call at the beginning of the chain.
func (c *call) reason() string {
	for depth := 0; depth < 100 && len(c.problems) > 0; depth++ {
		if p := c.problems[0]; p.code != "chain" || c.cause == nil {
			return p.code
		}
		c = c.cause
	}
	return "chain"
}
