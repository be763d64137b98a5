package atomicfile

import (
	"context"
	"os"
	"path/filepath"
	"time"
)

// Lock waits until no other process has locked the file at path, and locks it until unlock is called. The file need not
// exist. Readers need no lock, because the file is always complete. On a file system without locks, Lock has no effect.
//
// Lock locks the file's directory: each change replaces the file itself, and a separate lock file would remain.
func Lock(ctx context.Context, path string) (unlock func(), err error) {
	target, err := Target(path)
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
