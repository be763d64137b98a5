// Mklayer writes one layer of a container image, a blob and its descriptor, from files, directory trees, archives, symlinks
// and directories, in one pass.
//
//	mklayer --file=/app/server=bazel-out/server --tree=/app/static=static --symlink=/bin/sh=busybox \
//	    --owner=/app/**=1000:1000 --output=layer.tar.gz --descriptor=layer.json
//
// The key of KEY=VALUE ends at the first "="; in a key, \= is "=" and \\ is a backslash. Inputs without stated metadata get
// the defaults: owner 0:0, mode 0755 for directories and programs (detected by content), 0644 for other files, time
// 1970-01-01T00:00:00Z. The same inputs give the same bytes on every machine; docs/internals/format.md specifies them.
// "mklayer --help" lists the flags.
//
// With --persistent_worker, mklayer is a persistent worker of Bazel. It remembers the compressed blocks of earlier layers:
// after a small change, it only compresses the blocks around the change again, and the bytes are the same.
package main

import (
	"os"

	"github.com/rules-strata/rules_strata/tools/internal/cli/worker"
	"github.com/rules-strata/rules_strata/tools/internal/layer/compress"
)

// cachedLayers is the number of layers whose blocks a worker remembers. The worker keeps their files open.
const cachedLayers = 100

func main() {
	if worker.Requested(os.Args[1:]) {
		worker.Main(newCommand(compress.NewCache(cachedLayers)))
	}
	command.Main()
}
