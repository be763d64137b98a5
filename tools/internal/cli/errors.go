package cli

import (
	"errors"
	"fmt"
	"slices"
)

// usageError marks a command line that makes no sense.
type usageError struct{ err error }

func (e *usageError) Error() string { return e.err.Error() }
func (e *usageError) Unwrap() error { return e.err }

// Usage returns an error that makes the tool exit with [ExitUsage]. The format is that of fmt.Errorf.
func Usage(format string, args ...any) error {
	return &usageError{fmt.Errorf(format, args...)}
}

// Hinter is an error that knows advice for the user. [Command.Run] prints the advice of all errors that a failure wraps. A
// package below cli implements it without an import, so that each tool gives the same advice for the same failure.
type Hinter interface {
	error
	// Hint returns the advice, or "" if there is none.
	Hint() string
}

// hintError adds advice to an error.
type hintError struct {
	err  error
	hint string
}

func (e *hintError) Error() string { return e.err.Error() }
func (e *hintError) Unwrap() error { return e.err }
func (e *hintError) Hint() string  { return e.hint }

// Hint adds a line of advice to err, printed below it as "hint: ...". It returns nil if err is nil.
func Hint(err error, format string, args ...any) error {
	if err == nil {
		return nil
	}
	return &hintError{err, fmt.Sprintf(format, args...)}
}

// hints returns the advice that err and the errors it wraps carry, outermost first and each once.
func hints(err error) []string {
	var all []string
	add := func(hint string) {
		if hint != "" && !slices.Contains(all, hint) {
			all = append(all, hint)
		}
	}
	if h, ok := err.(Hinter); ok {
		add(h.Hint())
	}
	for _, inner := range unwrap(err) {
		for _, hint := range hints(inner) {
			add(hint)
		}
	}
	return all
}

// unwrap returns the errors that err wraps.
func unwrap(err error) []error {
	if joined, ok := err.(interface{ Unwrap() []error }); ok {
		return joined.Unwrap()
	}
	if inner := errors.Unwrap(err); inner != nil {
		return []error{inner}
	}
	return nil
}
