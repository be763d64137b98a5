package cli

import (
	"errors"
	"flag"
	"fmt"
	"regexp"
	"slices"

	"github.com/rules-strata/rules_strata/tools/internal/message"
)

// usageError marks an invalid command line.
type usageError struct{ err error }

func (e *usageError) Error() string { return e.err.Error() }
func (e *usageError) Unwrap() error { return e.err }

// Usage returns an error that makes the tool exit with [ExitUsage]. The format is that of fmt.Errorf.
func Usage(format string, args ...any) error {
	return &usageError{fmt.Errorf(format, args...)}
}

// exitError makes the tool exit with a code, without a message.
type exitError int

func (e exitError) Error() string { return fmt.Sprintf("exit code %d", int(e)) }

// Exit returns an error that makes the tool exit with the given code and print nothing: the code of another program that
// the tool has run. It returns nil for [ExitOK].
func Exit(code int) error {
	if code == ExitOK {
		return nil
	}
	return exitError(code)
}

// Hinter is an error with advice for the user. [Command.Run] prints the advice of all errors that a failure wraps. A
// package below cli implements it without importing cli, or uses [message.Hint], so that each tool gives the same advice
// for the same failure.
type Hinter interface {
	error
	// Hint returns the advice, or "" if there is none.
	Hint() string
}

// Hint adds a line of advice to err, see [message.Hint].
func Hint(err error, format string, args ...any) error { return message.Hint(err, format, args...) }

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

// flagErrors are the forms of package flag's errors, and the replacement of each.
var flagErrors = []struct{ form, text string }{
	{`(?s)^flag provided but not defined: -+(.*)$`, "unknown flag --$1"},
	{`(?s)^flag needs an argument: -+(.*)$`, "--$1 needs a value"},
	{`(?s)^invalid (?:boolean )?value (".*") for (?:flag )?-+([^:]*): parse error$`, "--$2: invalid value $1"},
	{`(?s)^invalid (?:boolean )?value (".*") for (?:flag )?-+([^:]*): value out of range$`, "--$2: $1 is out of range"},
	{`(?s)^invalid (?:boolean )?value (".*?[^\\]"|"") for (?:flag )?-+([^:]*): (.*)$`, "--$2 $1: $3"},
}

// Parse parses flags. Its errors name flags as the help does: "--name".
func Parse(flags *flag.FlagSet, args []string) error {
	err := flags.Parse(args)
	if err == nil || errors.Is(err, flag.ErrHelp) {
		return err
	}
	text := err.Error()
	for _, e := range flagErrors {
		// Compiled here, because a start without an error needs none of them.
		if form := regexp.MustCompile(e.form); form.MatchString(text) {
			return errors.New(form.ReplaceAllString(text, e.text))
		}
	}
	return err
}
