package message

import "fmt"

// hintError adds advice to an error.
type hintError struct {
	error
	hint string
}

func (e *hintError) Unwrap() error { return e.error }
func (e *hintError) Hint() string  { return e.hint }

// Hint adds advice for the user to err. Package cli prints it below the error as "hint: ...". It returns nil if err is
// nil.
func Hint(err error, format string, args ...any) error {
	if err == nil {
		return nil
	}
	return &hintError{err, fmt.Sprintf(format, args...)}
}
