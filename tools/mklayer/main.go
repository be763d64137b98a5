// Mklayer makes one layer of a container image: files, directory trees, symlinks and directories go in, a blob and its
// descriptor come out, in one pass.
//
//	mklayer --file=/app/server=bazel-out/server --tree=/app/static=static --symlink=/bin/sh=busybox \
//	    --owner=/app/**=1000:1000 --output=layer.tar.gz --descriptor=layer.json
//
// A pair KEY=VALUE ends its key at the first "=": a backslash takes the meaning from "=" and from another backslash,
// and \n is a line feed. An input that does not say what the image's metadata is gets the default: owner 0:0, mode 0755
// for directories and programs (known by their content), 0644 for other files, 1970-01-01T00:00:00Z. The same inputs
// give the same bytes on every machine; docs/format.md states which.
//
// With --persistent_worker it is a worker of Bazel's, which remembers the packed blocks of the layers that it made: of
// a layer that changed a little, only the blocks around the change are packed again, and the bytes are the same as ever.
package main

import (
	"os"

	"github.com/rules-strata/rules_strata/tools/internal/cli/worker"
	"github.com/rules-strata/rules_strata/tools/internal/layer/compress"
)

// cachedLayers is how many layers a worker remembers the blocks of. It keeps their files open.
const cachedLayers = 100

func main() {
	if worker.Asked(os.Args[1:]) {
		worker.Main(newCommand(compress.NewCache(cachedLayers)))
	}
	command.Main()
}
