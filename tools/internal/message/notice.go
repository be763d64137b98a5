package message

import (
	"context"
	"fmt"
)

type noticesKey struct{}

// WithNotices returns a context in which [Notify] calls show.
func WithNotices(ctx context.Context, show func(text string)) context.Context {
	return context.WithValue(ctx, noticesKey{}, show)
}

// Notify shows the user something that is not an error, such as a long wait. It does nothing in a context without
// [WithNotices].
func Notify(ctx context.Context, format string, args ...any) {
	if show, ok := ctx.Value(noticesKey{}).(func(string)); ok {
		show(fmt.Sprintf(format, args...))
	}
}
