package cli

import (
	"context"
	"io"
)

type noticesKey struct{}

// WithNotices returns a context in which [Notify] writes to w. A tool that draws on the terminal sets its own writer;
// otherwise, notices go to standard error.
func WithNotices(ctx context.Context, w io.Writer) context.Context {
	return context.WithValue(ctx, noticesKey{}, w)
}

// Notify writes a line for the user that is not an error, for instance that a program waits.
func Notify(ctx context.Context, format string, args ...any) {
	if w, ok := ctx.Value(noticesKey{}).(io.Writer); ok {
		Line(w, format, args...)
	}
}
