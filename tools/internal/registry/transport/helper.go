package transport

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os/exec"
	"strings"
	"time"

	"github.com/rules-strata/rules_strata/tools/internal/message"
)

const (
	// maxOutput bounds how much of a program's output is kept, in bytes.
	maxOutput = 1 << 20
	// patience is how long a child of a program that has ended may keep its output open.
	patience = 2 * time.Second
)

// Helper is a program that returns credentials. Docker's and Bazel's helpers differ in input and output.
type Helper struct {
	// Name is the program's name in messages.
	Name string
	// Path is the program, Dir the directory that it runs in (empty: the current one).
	Path, Dir string
	// Limits bound how long it may take.
	Limits Limits
}

// Get runs "PATH get" with a question as the standard input, and returns the output. It shows the user a notice if that
// takes long, and ends with a [SilenceError] after the limit for silence. Output of more than 1 MiB is an error. The output
// of a program that has exited with status 0 is complete, even if a child process keeps it open.
func (h Helper) Get(ctx context.Context, question string) (stdout, stderr []byte, err error) {
	limits := h.Limits.orDefault()
	limited, cancel := context.WithTimeout(ctx, limits.Silence)
	defer cancel()
	notice := time.AfterFunc(limits.Notice, func() { announce(ctx, h.Name) })
	defer notice.Stop()
	var out, complaints bounded
	cmd := exec.CommandContext(limited, h.Path, "get")
	cmd.Dir, cmd.Stdin, cmd.Stdout, cmd.Stderr = h.Dir, strings.NewReader(question), &out, &complaints
	cmd.WaitDelay = patience
	err = cmd.Run()
	switch {
	case out.overflown || complaints.overflown:
		err = fmt.Errorf("the answer is longer than %d bytes", maxOutput)
	case errors.Is(err, exec.ErrWaitDelay):
		err = nil
	case err != nil && limited.Err() != nil && ctx.Err() == nil:
		err = &SilenceError{Who: h.Name, What: notAnswered, After: limits.Silence}
	}
	return out.data.Bytes(), complaints.data.Bytes(), err
}

// Complaint returns the first line that a failed helper wrote to one of the outputs, as the end of an error. It skips an
// answer in JSON, which may contain a secret.
func Complaint(outputs ...[]byte) string {
	for _, output := range outputs {
		line, _, _ := strings.Cut(strings.TrimSpace(string(output)), "\n")
		if line != "" && !strings.HasPrefix(line, "{") {
			return ": " + message.OneLine(line)
		}
	}
	return ""
}

// bounded is a buffer of limited size.
type bounded struct {
	data      bytes.Buffer // not embedded, so that its ReadFrom, which has no bound, stays hidden
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
