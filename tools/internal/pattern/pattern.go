// Package pattern declares regular expressions whose compilation costs nothing until they are used.
//
// The build runs tools thousands of times, most of them for a few milliseconds. To compile an expression takes up to a tenth of
// one, and a run needs few of those in the program.
package pattern

import (
	"regexp"
	"sync"
)

// New returns a function that returns the compiled expression. Its first call panics if the expression is invalid.
func New(expression string) func() *regexp.Regexp {
	return sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(expression) })
}
