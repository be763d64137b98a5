package worker

import (
	"context"
	"io"
	"os"
	"os/signal"
	"runtime/debug"
	"syscall"

	"github.com/rules-strata/rules_strata/tools/internal/cli"
)

// Main runs the command for each of Bazel's requests on standard input, and exits once Bazel ends the worker.
func Main(command cli.Command) {
	os.Exit(serve(command))
}

// serve answers the requests and returns the exit code.
func serve(command cli.Command) int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	err := Serve(ctx, os.Stdin, os.Stdout, func(args []string, log io.Writer) int {
		defer debug.FreeOSMemory() // the worker may now be idle for hours
		return command.Run(ctx, args, cli.Streams{Out: log, Err: log})
	})
	if err != nil {
		cli.Line(os.Stderr, "%s: %v", command.Name, err)
		return cli.ExitFailure
	}
	return cli.ExitOK
}
