// Package report tells the user what was not translated, and why.
package report

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"github.com/rules-strata/rules_strata/tools/migrate/internal/model"
)

// Report lists what was not translated, and why. It returns the number of skipped calls.
func Report(w *model.Workspace, out io.Writer) int {
	skipped := 0
	for _, err := range w.Unread {
		skipped++
		fmt.Fprintf(out, "%s\n", Line(err.Error()))
	}
	for _, c := range w.Calls() {
		if !c.File.Chosen || c.Rule.Stays() {
			continue
		}
		if c.Rule.Role == model.Archive && c.Rule.Ruleset != "rules_docker" {
			reportTar(w, out, c)
			continue
		}
		if c.Translated() {
			for _, note := range c.Notes {
				fmt.Fprintf(out, "%s: %s: note: %s\n", c.Where(), c.Kind(), Line(note))
			}
			continue
		}
		skipped++
		for _, p := range c.Problems {
			attr := c.Kind()
			if p.Attr != "" {
				attr += "." + p.Attr
			}
			fmt.Fprintf(out, "%s: %s: [%s] %s; %s\n", c.Where(), attr, p.Code, Line(p.Reason), Line(p.Advice))
		}
	}
	for _, dir := range w.Nested {
		fmt.Fprintf(out, "next: %s is another workspace: migrate --workspace=%s\n", Line(dir), Line(dir))
	}
	for _, step := range w.Setup {
		fmt.Fprintf(out, "next: %s\n", Line(step))
	}
	done := 0
	for _, c := range w.Calls() {
		if c.Translated() {
			done++
		}
	}
	fmt.Fprintf(out, "%d translated, %d skipped\n", done, skipped)
	return skipped
}

// reportTar says why a tar that translated images use does not become a layer itself. That is no skipped call: the images
// have a layer with the tar.
func reportTar(w *model.Workspace, out io.Writer, c *model.Call) {
	key, ok := c.Target()
	used := ok && slices.ContainsFunc(w.Calls(), func(user *model.Call) bool {
		return user.Translated() && slices.ContainsFunc(user.Refs, func(r model.Reference) bool { return r.Key == key })
	})
	if !used || len(c.Problems) == 0 {
		return
	}
	p := c.Problems[0]
	name := c.Kind()
	if p.Attr != "" {
		name += "." + p.Attr
	}
	fmt.Fprintf(out, "%s: %s: note: the target stays a tar: %s\n", c.Where(), name, Line(p.Reason))
}

// Line makes text of files printable on one line.
func Line(text string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f || r >= 0x80 && r < 0xa0 {
			return ' '
		}
		return r
	}, text)
}

// Statistics writes the share of each ruleset and the reasons for the calls that stay. Calls that only wait for another of their
// chain count for its reason. Tars count separately: those that stay work unchanged.
func Statistics(w *model.Workspace, out io.Writer) {
	total, done, waiting, codes := map[string]int{}, map[string]int{}, map[string]int{}, map[string]int{}
	for _, c := range w.Calls() {
		if c.Rule.Stays() || !c.File.Chosen {
			continue
		}
		name := c.Rule.Ruleset
		total[name]++
		switch {
		case c.Translated():
			done[name]++
		case c.Rule.Role == model.Archive && c.Rule.Ruleset != "rules_docker":
		default:
			if len(c.Problems) > 0 && c.Problems[0].Code == "chain" {
				waiting[name]++
			}
			codes[reason(c)]++
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
func reason(c *model.Call) string {
	for depth := 0; depth < 100 && len(c.Problems) > 0; depth++ {
		if p := c.Problems[0]; p.Code != "chain" || c.Cause == nil {
			return p.Code
		}
		c = c.Cause
	}
	return "chain"
}
