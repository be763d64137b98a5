package lockfile

import (
	"context"
	"os"
	"path/filepath"
	"time"

	"github.com/rules-strata/rules_strata/tools/internal/atomicfile"
)

// Change reads the lock file at path, calls do and writes the file, which it creates if it does not exist. If do returns an
// error, the file does not change. Other processes that call Change wait meanwhile, so do should not wait for a registry.
func Change(ctx context.Context, path string, do func(*File) error) error {
	unlock, err := Lock(ctx, path)
	if err != nil {
		return err
	}
	defer unlock()
	f, err := ReadOrNew(path)
	if err != nil {
		return err
	}
	if err := do(f); err != nil {
		return err
	}
	return f.Write(path)
}

// Lock waits until no other process has locked the lock file at path, and locks it until unlock is called. Readers need
// no lock, because the file is always complete. On a file system without locks, Lock has no effect.
//
// Lock locks the file's directory: each change replaces the file itself, and a separate lock file would remain.
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
