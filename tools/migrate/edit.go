package main

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/bazelbuild/buildtools/build"
)

// edit replaces the bytes from start to end.
type edit struct {
	start, end int
	text       string
}

// apply returns the text with all edits. Every byte outside of them stays, so files that no printer would write stay as
// their authors wrote them. Several insertions at one place keep their order.
func apply(text []byte, edits []edit) ([]byte, error) {
	sorted := slices.Clone(edits)
	slices.SortStableFunc(sorted, func(a, b edit) int {
		return cmp.Or(cmp.Compare(a.start, b.start), cmp.Compare(min(1, a.end-a.start), min(1, b.end-b.start)))
	})
	var out []byte
	at := 0
	for i, e := range sorted {
		if i > 0 && e == sorted[i-1] && e.end > e.start {
			continue // several calls change a variable that they share
		}
		if e.text == "" && e.start < at {
			e.start, e.end = at, max(at, e.end) // two removals of neighbours
		}
		if e.start < at || e.end < e.start || e.end > len(text) {
			return nil, fmt.Errorf("edits of bytes %d to %d overlap others", e.start, e.end)
		}
		out = append(append(out, text[at:e.start]...), e.text...)
		at = e.end
	}
	return append(out, text[at:]...), nil
}

// span returns the place of an expression in its file.
func span(x build.Expr) (start, end int) {
	from, to := x.Span()
	return from.Byte, to.Byte
}

// source returns the text of an expression as its author wrote it.
func (f *file) source(x build.Expr) string {
	start, end := span(x)
	return string(f.text[start:end])
}

// take returns the text of an expression after a call's edits, which it removes: the text goes into a larger edit.
func (c *call) take(x build.Expr) string {
	start, end := span(x)
	var inner, rest []edit
	for _, e := range c.edits {
		if e.start >= start && e.end <= end {
			inner = append(inner, edit{e.start - start, e.end - start, e.text})
		} else {
			rest = append(rest, e)
		}
	}
	text, err := apply(c.file.text[start:end], inner)
	if err != nil {
		return c.file.source(x)
	}
	c.edits = rest
	return string(text)
}

// lineStart returns the offset of the line that contains an offset.
func (f *file) lineStart(at int) int { return strings.LastIndexByte(string(f.text[:at]), '\n') + 1 }

// indent returns the blanks in front of an offset if nothing else is in front of it on its line.
func (f *file) indent(at int) (string, bool) {
	blanks := string(f.text[f.lineStart(at):at])
	return blanks, strings.Trim(blanks, " \t") == ""
}

// removals returns the edits that remove arguments and their commas. Comments stay.
func (f *file) removals(call *build.CallExpr, indices ...int) []edit {
	var edits []edit
	kept := len(call.List) - 1 // the last one that stays
	for kept >= 0 && slices.Contains(indices, kept) {
		kept--
	}
	for _, i := range indices {
		e, lines := f.removal(call, i)
		if !lines && i > kept && kept >= 0 {
			// At the end of a line of arguments, the comma in front goes, too.
			_, e.start = span(call.List[kept])
			_, e.end = span(call.List[i])
		}
		edits = append(edits, e)
	}
	return edits
}

// removal returns the edit that removes an argument, and whether that is whole lines.
func (f *file) removal(call *build.CallExpr, index int) (e edit, lines bool) {
	start, end := span(call.List[index])
	after := f.skipBlanks(end)
	if after < len(f.text) && f.text[after] == ',' {
		end = after + 1
		after = f.skipBlanks(end)
	}
	blanks, alone := f.indent(start)
	switch {
	case alone && after < len(f.text) && f.text[after] == '\n':
		return edit{start: start - len(blanks), end: after + 1}, true
	case alone && after < len(f.text) && f.text[after] == '#':
		return edit{start: start, end: after}, true
	case index+1 < len(call.List):
		next, _ := span(call.List[index+1])
		return edit{start: start, end: min(next, after)}, false
	}
	return edit{start: start, end: end}, false
}

// skipBlanks returns the offset of what follows blanks.
func (f *file) skipBlanks(at int) int {
	for at < len(f.text) && (f.text[at] == ' ' || f.text[at] == '\t') {
		at++
	}
	return at
}
