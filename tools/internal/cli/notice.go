package cli

import (
	"context"
	"io"

	"github.com/rules-strata/rules_strata/tools/internal/message"
)

// WithNotices returns a context in which notices (see [message.Notify]) are lines on w. [Command.Run] sends them to standard
// error; a tool that draws on the terminal names its own writer.
func WithNotices(ctx context.Context, w io.Writer) context.Context {
	return message.WithNotices(ctx, func(text string) { Line(w, "%s", text) })
}
