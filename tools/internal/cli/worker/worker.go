// Package worker lets a tool stay alive between Bazel's actions: it implements the JSON form of the persistent worker
// protocol, one request at a time.
//
// Non-goals: multiplex requests, the protocol's protobuf form, cancelling a request.
package worker

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"
)

// flagWorker is the argument that Bazel starts a worker with.
const flagWorker = "--persistent_worker"

// Requested reports whether the arguments start a worker.
func Requested(args []string) bool { return slices.Contains(args, flagWorker) }

// request is the protocol's WorkRequest. Its other fields, the digests of inputs, are ignored.
type request struct {
	Arguments []string `json:"arguments"`
	RequestID int32    `json:"requestId"`
}

// response is the protocol's WorkResponse.
type response struct {
	ExitCode  int    `json:"exitCode"`
	Output    string `json:"output"`
	RequestID int32  `json:"requestId"`
}

// Serve answers requests until in ends, which is how Bazel ends a worker, or ctx is done. The function work gets the
// arguments of a request and a writer for messages to the user, and returns an exit code.
func Serve(ctx context.Context, in io.Reader, out io.Writer, work func(args []string, log io.Writer) int) error {
	requests, responses := json.NewDecoder(in), json.NewEncoder(out)
	responses.SetEscapeHTML(false)
	for {
		var r request
		switch err := requests.Decode(&r); {
		case err == io.EOF:
			return nil
		case err != nil:
			return fmt.Errorf("worker: request: %w", err)
		case r.RequestID != 0:
			return fmt.Errorf("worker: request %d: several requests at a time are not supported", r.RequestID)
		}
		var log strings.Builder
		code := work(r.Arguments, &log)
		if err := ctx.Err(); err != nil {
			return err
		}
		if err := responses.Encode(response{code, log.String(), r.RequestID}); err != nil {
			return fmt.Errorf("worker: response: %w", err)
		}
	}
}
