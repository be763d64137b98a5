// Package sign runs programs that sign images, and checks what they return.
//
// A signer is any program that follows the protocol of signer plugins of rules_img. It is called as "PROGRAM
// sign-oci-artifact ARGUMENTS", reads the descriptor of the image from standard input, and writes an OCI image layout as a tar to
// standard output: one or more artifacts whose subject is that descriptor. It does not talk to the registry. Keys are its
// business alone: this package has no cryptography, and messages never show arguments or the environment.
//
// The output of a program is not trusted. Its size and the program's time are bounded, and each artifact must be complete,
// match its digests, and refer to the image.
package sign

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"time"

	"github.com/rules-strata/rules_strata/tools/internal/message"
	"github.com/rules-strata/rules_strata/tools/internal/oci"
	"github.com/rules-strata/rules_strata/tools/internal/oci/content"
)

// Command is the first argument of every signer.
const Command = "sign-oci-artifact"

const (
	// maxOutput is the size of the largest output of a signer, in bytes. Signatures have a few kilobytes.
	maxOutput = 16 << 20
	// defaultTimeout is how long a signer may take. People may have to touch a key or log in.
	defaultTimeout = 10 * time.Minute
	// graceTime is how long a signer may take to exit after it was interrupted.
	graceTime = 10 * time.Second
)

// errTooLarge is returned for an output of more than maxOutput bytes.
var errTooLarge = fmt.Errorf("more than %d bytes of output", maxOutput)

// Program is a signer.
type Program struct {
	// Path is the program's path, or its name in PATH.
	Path string
	// Args follow [Command]. They may contain secrets.
	Args []string
	// Env is the environment. Nil means that of this process.
	Env []string
	// Stderr receives the program's messages.
	Stderr io.Writer
	// Timeout is how long the program may take. Zero means 10 minutes.
	Timeout time.Duration
}

// Artifacts are signatures and the source of their blobs.
type Artifacts struct {
	// Roots are the descriptors of the manifests.
	Roots []oci.Descriptor
	// Source has everything that they refer to.
	Source content.Source
}

// Sign runs the program for the image or the index that the descriptor names.
func (p Program) Sign(ctx context.Context, d oci.Descriptor) (Artifacts, error) {
	subject := oci.Descriptor{MediaType: d.MediaType, Digest: d.Digest, Size: d.Size}
	output, err := p.run(ctx, subject)
	if err != nil {
		return Artifacts{}, fmt.Errorf("signer %s: %w", p.name(), err)
	}
	signatures, err := read(ctx, output, subject)
	if err != nil {
		return Artifacts{}, fmt.Errorf("signer %s: output: %w", p.name(), err)
	}
	return signatures, nil
}

// name is how messages call the program.
func (p Program) name() string { return filepath.Base(p.Path) }

// run returns what the program writes to standard output.
func (p Program) run(ctx context.Context, subject oci.Descriptor) ([]byte, error) {
	input, err := oci.Marshal(subject)
	if err != nil {
		return nil, err
	}
	timeout := p.Timeout
	if timeout == 0 {
		timeout = defaultTimeout
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	timer := time.AfterFunc(timeout, func() { cancel(fmt.Errorf("no signature after %v", timeout)) })
	defer timer.Stop()
	cmd := exec.CommandContext(ctx, p.Path, append([]string{Command}, p.Args...)...)
	output := bounded{stop: cancel}
	cmd.Env, cmd.Stdin, cmd.Stdout, cmd.Stderr = p.Env, bytes.NewReader(input), &output, p.Stderr
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	cmd.WaitDelay = graceTime
	err = cmd.Run()
	if cause := context.Cause(ctx); cause != nil {
		return nil, cause
	}
	if exit := (*exec.ExitError)(nil); errors.As(err, &exit) {
		return nil, message.Hint(err, "its messages are above")
	}
	return output.data.Bytes(), err
}

// bounded keeps at most maxOutput bytes.
type bounded struct {
	data bytes.Buffer
	stop context.CancelCauseFunc
}

// Write implements io.Writer.
func (b *bounded) Write(data []byte) (int, error) {
	if b.data.Len()+len(data) > maxOutput {
		b.stop(errTooLarge)
		return 0, errTooLarge
	}
	return b.data.Write(data)
}
