package main

import (
	"context"
	"io"
	"os"
	"os/signal"
	"runtime/debug"
	"syscall"

	"github.com/rules-strata/rules_strata/tools/internal/cli"
	"github.com/rules-strata/rules_strata/tools/internal/cli/worker"
	"github.com/rules-strata/rules_strata/tools/internal/layer/compress"
)

// cachedLayers is how many layers a worker remembers the blocks of. It keeps their files open.
const cachedLayers = 100

// serve answers Bazel's requests and returns an exit code.
func serve() int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	tool := newCommand(compress.NewCache(cachedLayers))
	err := worker.Serve(ctx, os.Stdin, os.Stdout, func(args []string, log io.Writer) int {
		defer debug.FreeOSMemory() // the worker may now be idle for hours
		return tool.Run(ctx, args, cli.Streams{Out: log, Err: log})
	})
	if err != nil {
		cli.Line(os.Stderr, "%s: %v", tool.Name, err)
		return cli.ExitFailure
	}
	return cli.ExitOK
}
