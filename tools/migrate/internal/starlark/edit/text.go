package edit

import (
	"slices"
	"strings"

	"github.com/bazelbuild/buildtools/build"
)

// Text is the content of a file.
type Text []byte

// Source returns the text of an expression as its author wrote it.
func (t Text) Source(x build.Expr) string {
	start, end := Span(x)
	return string(t[start:end])
}

// LineStart returns the offset of the line that contains an offset.
func (t Text) LineStart(at int) int { return strings.LastIndexByte(string(t[:at]), '\n') + 1 }

// LineEnd returns the offset of the end of the line that contains an offset.
func (t Text) LineEnd(at int) int {
	for at < len(t) && t[at] != '\n' {
		at++
	}
	return at
}

// NextLine returns the offset of the line below an expression that ends at an offset.
func (t Text) NextLine(at int) int { return min(t.LineEnd(at)+1, len(t)) }

// Indent returns the blanks in front of an offset if nothing else is in front of it on its line.
func (t Text) Indent(at int) (string, bool) {
	blanks := string(t[t.LineStart(at):at])
	return blanks, strings.Trim(blanks, " \t") == ""
}

// SkipBlanks returns the offset of what follows blanks.
func (t Text) SkipBlanks(at int) int {
	for at < len(t) && (t[at] == ' ' || t[at] == '\t') {
		at++
	}
	return at
}

// RemoveLines removes a statement and, if it is between blank lines, one of them.
func (l *List) RemoveLines(t Text, x build.Expr) {
	start, end := Span(x)
	start, end = t.LineStart(start), t.NextLine(end)
	if end < len(t) && t[end] == '\n' && (start == 0 || start > 1 && t[start-2] == '\n') {
		end++
	}
	l.Add(start, end, "")
}

// RemoveArguments removes arguments of a call and their commas. Comments stay.
func (l *List) RemoveArguments(t Text, call *build.CallExpr, indices ...int) {
	kept := len(call.List) - 1 // the last one that stays
	for kept >= 0 && slices.Contains(indices, kept) {
		kept--
	}
	for _, i := range indices {
		e, lines := t.removal(call, i)
		if !lines && i > kept && kept >= 0 {
			// At the end of a line of arguments, the comma in front goes, too.
			_, e.Start = Span(call.List[kept])
			_, e.End = Span(call.List[i])
		}
		*l = append(*l, e)
	}
}

// removal returns the edit that removes an argument, and whether that is whole lines.
func (t Text) removal(call *build.CallExpr, index int) (e Edit, lines bool) {
	start, end := Span(call.List[index])
	after := t.SkipBlanks(end)
	if after < len(t) && t[after] == ',' {
		end = after + 1
		after = t.SkipBlanks(end)
	}
	blanks, alone := t.Indent(start)
	switch {
	case alone && after < len(t) && t[after] == '\n':
		return Edit{Start: start - len(blanks), End: after + 1}, true
	case alone && after < len(t) && t[after] == '#':
		return Edit{Start: start, End: after}, true
	case index+1 < len(call.List):
		next, _ := Span(call.List[index+1])
		return Edit{Start: start, End: min(next, after)}, false
	}
	return Edit{Start: start, End: end}, false
}
