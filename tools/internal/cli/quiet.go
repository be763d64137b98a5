package cli

import "errors"

// ErrQuiet makes the tool exit with [ExitFailure] without a message, because its output has said everything.
var ErrQuiet = errors.New("failed")
