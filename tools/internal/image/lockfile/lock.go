package lockfile

import (
	"context"
	"os"
	"path/filepath"
	"time"

	"github.com/rules-strata/rules_strata/tools/internal/atomicfile"
)

// Lock waits until no other process has locked the lock file at path, and locks it until unlock is called. Readers need
// no lock: the file is always whole. Where the file system knows no locks, nobody is kept out.
//
// It is the file's directory that is locked: the file itself is replaced by each change, and a file beside it would stay.
func Lock(ctx context.Context, path string) (unlock func(), err error) {
	target, err := atomicfile.Target(path)
	if err != nil {
		return nil, err
	}
	dir, err := os.Open(filepath.Dir(target))
	if err != nil {
		return nil, err
	}
	for !tryLock(dir) {
		select {
		case <-ctx.Done():
			dir.Close()
			return nil, ctx.Err()
		case <-time.After(10 * time.Millisecond):
		}
	}
	return func() { dir.Close() }, nil
}
