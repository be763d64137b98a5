package check

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/rules-strata/rules_strata/tools/internal/oci/digest"
)

const (
	// maxAlike is how many violations of one rule are listed per document or layer; the rest are counted.
	maxAlike = 1000
	// maxText is how many bytes of a place or a text are kept, because names in a hostile layer can be a megabyte long.
	maxText = 1000
)

// collector gathers violations.
type collector struct {
	violations []Violation
	alike      map[alike]int
}

// alike is the common part of violations that are counted together.
type alike struct{ place, rule string }

func newCollector() *collector { return &collector{alike: make(map[alike]int)} }

// add adds a violation. The format is that of fmt.Sprintf.
func (c *collector) add(where, rule, format string, args ...any) {
	place, _, _ := strings.Cut(where, entryMark)
	kind := alike{place, rule}
	if c.alike[kind]++; c.alike[kind] > maxAlike {
		return
	}
	c.violations = append(c.violations, Violation{printable(where), rule, printable(fmt.Sprintf(format, args...))})
}

// sorted returns the violations in their final order.
func (c *collector) sorted() []Violation {
	all := slices.Clone(c.violations)
	for kind, n := range c.alike {
		if n > maxAlike {
			all = append(all, Violation{printable(kind.place), ruleReportLimit,
				fmt.Sprintf("%d more violations of %s are not listed", n-maxAlike, kind.rule)})
		}
	}
	slices.SortFunc(all, func(a, b Violation) int {
		if n := strings.Compare(a.Where, b.Where); n != 0 {
			return n
		}
		if n := strings.Compare(a.Rule, b.Rule); n != 0 {
			return n
		}
		return strings.Compare(a.Text, b.Text)
	})
	return slices.Compact(all)
}

// printable returns text in a form that fits into one line and on any terminal.
func printable(text string) string {
	if len(text) > maxText {
		cut := maxText
		for cut > maxText-utf8.UTFMax && !utf8.RuneStart(text[cut]) {
			cut--
		}
		text = text[:cut] + "..."
	}
	if utf8.ValidString(text) && strings.IndexFunc(text, func(r rune) bool { return !unicode.IsPrint(r) }) < 0 {
		return text
	}
	quoted := strconv.Quote(text)
	return strings.ReplaceAll(quoted[1:len(quoted)-1], `\"`, `"`)
}

// entryMark separates the place of a layer or archive from the name of an entry in it.
const entryMark = "/entry "

// short returns a digest truncated to a length that is still unlikely to be ambiguous.
func short(d digest.Digest) string {
	const length = len("sha256:") + 12
	return string(d[:min(len(d), length)])
}
