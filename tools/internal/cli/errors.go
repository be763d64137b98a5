package cli

import (
	"errors"
	"fmt"
)

// usageError marks a command line that makes no sense.
type usageError struct{ err error }

func (e *usageError) Error() string { return e.err.Error() }
func (e *usageError) Unwrap() error { return e.err }

// Usage returns an error that makes the tool exit with [ExitUsage]. The format is that of fmt.Errorf.
func Usage(format string, args ...any) error {
	return &usageError{fmt.Errorf(format, args...)}
}

// hintError adds advice to an error.
type hintError struct {
	err  error
	hint string
}

func (e *hintError) Error() string { return e.err.Error() }
func (e *hintError) Unwrap() error { return e.err }

// Hint adds a line of advice to err, printed below it as "hint: ...". It returns nil if err is nil.
func Hint(err error, format string, args ...any) error {
	if err == nil {
		return nil
	}
	return &hintError{err, fmt.Sprintf(format, args...)}
}

// hints returns the advice that err and the errors it wraps carry, outermost first.
func hints(err error) []string {
	var all []string
	for err != nil {
		if h, ok := err.(*hintError); ok {
			all = append(all, h.hint)
		}
		err = errors.Unwrap(err)
	}
	return all
}
