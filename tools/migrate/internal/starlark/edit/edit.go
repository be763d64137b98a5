// Package edit replaces parts of a Starlark file. Every other byte stays, so files that no printer would write stay as their
// authors wrote them.
package edit

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/bazelbuild/buildtools/build"
)

// Edit replaces the bytes from Start to End.
type Edit struct {
	Start, End int
	Text       string
}

// List is the edits of a file, in any order.
type List []Edit

// Add replaces the bytes from start to end.
func (l *List) Add(start, end int, text string) { *l = append(*l, Edit{start, end, text}) }

// Insert puts text in front of a byte. Several insertions at one place keep their order.
func (l *List) Insert(at int, text string) { l.Add(at, at, text) }

// InsertFirst puts text in front of a byte, and of all insertions there so far.
func (l *List) InsertFirst(at int, text string) { *l = slices.Insert(*l, 0, Edit{at, at, text}) }

// Replace puts text in the place of an expression.
func (l *List) Replace(x build.Expr, text string) {
	start, end := Span(x)
	l.Add(start, end, text)
}

// Of returns the text that replaces an expression, if the list has it.
func (l List) Of(x build.Expr) (string, bool) {
	start, end := Span(x)
	for _, e := range slices.Backward(l) {
		if e.Start == start && e.End == end {
			return e.Text, true
		}
	}
	return "", false
}

// Without returns the list without the edits that replace an expression.
func (l List) Without(x build.Expr) List {
	start, end := Span(x)
	return slices.DeleteFunc(l, func(e Edit) bool { return e.Start == start && e.End == end })
}

// Span returns the place of an expression in its file.
func Span(x build.Expr) (start, end int) {
	from, to := x.Span()
	return from.Byte, to.Byte
}

// Apply returns the text with all edits.
func Apply(text Text, edits List) (Text, error) {
	sorted := slices.Clone(edits)
	slices.SortStableFunc(sorted, func(a, b Edit) int {
		return cmp.Or(cmp.Compare(a.Start, b.Start), cmp.Compare(min(1, a.End-a.Start), min(1, b.End-b.Start)))
	})
	var out []byte
	at := 0
	for i, e := range sorted {
		if i > 0 && e == sorted[i-1] && e.End > e.Start {
			continue // several calls change a variable that they share
		}
		if e.Text == "" && e.Start < at {
			e.Start, e.End = at, max(at, e.End) // two removals of neighbours
		}
		if e.Start < at || e.End < e.Start || e.End > len(text) {
			return nil, fmt.Errorf("edits of bytes %d to %d overlap others", e.Start, e.End)
		}
		out = append(append(out, text[at:e.Start]...), e.Text...)
		at = e.End
	}
	return append(out, text[at:]...), nil
}

// Take returns the text of an expression after the edits inside of it, and the other edits: the text goes into a larger one.
func (l List) Take(text Text, x build.Expr) (string, List) {
	start, end := Span(x)
	var inner, rest List
	for _, e := range l {
		if e.Start >= start && e.End <= end {
			inner.Add(e.Start-start, e.End-start, e.Text)
		} else {
			rest = append(rest, e)
		}
	}
	taken, err := Apply(text[start:end], inner)
	if err != nil {
		return text.Source(x), l
	}
	return string(taken), rest
}
