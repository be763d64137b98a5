package waiting

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os/exec"
	"time"
)

const (
	// maxOutput bounds what is kept of a program's output, in bytes.
	maxOutput = 1 << 20
	// patience is how long a child of a program that has ended may keep its output open.
	patience = 2 * time.Second
)

// Run runs a program, whose command was made with the context, and returns its output. It ends with a [SilenceError] after
// the limit for silence, and the user gets a notice. Output of more than 1 MiB is an error. A program that has ended
// well has said all of it, even if a child of it keeps the output open.
func (l Limits) Run(ctx context.Context, who string, command func(context.Context) *exec.Cmd) (stdout, stderr []byte, err error) {
	l = l.orDefault()
	limited, cancel := context.WithTimeout(ctx, l.Silence)
	defer cancel()
	defer l.Announce(ctx, who)()
	cmd := command(limited)
	cmd.WaitDelay = patience
	var out, complaints bounded
	cmd.Stdout, cmd.Stderr = &out, &complaints
	err = cmd.Run()
	switch {
	case out.overflown || complaints.overflown:
		err = fmt.Errorf("the answer is longer than %d bytes", maxOutput)
	case errors.Is(err, exec.ErrWaitDelay):
		err = nil
	case err != nil && limited.Err() != nil && ctx.Err() == nil:
		err = &SilenceError{Who: who, What: notAnswered, After: l.Silence}
	}
	return out.data.Bytes(), complaints.data.Bytes(), err
}

// bounded keeps the first bytes that are written to it, and takes no more.
type bounded struct {
	data      bytes.Buffer // not embedded: it would offer to read all there is
	overflown bool
}

// Write implements io.Writer.
func (b *bounded) Write(p []byte) (int, error) {
	n, _ := b.data.Write(p[:min(len(p), maxOutput-b.data.Len())])
	if n < len(p) {
		b.overflown = true
		return n, errors.New("too long")
	}
	return n, nil
}
