package lockfile

import (
	"context"

	"github.com/rules-strata/rules_strata/tools/internal/atomicfile"
)

// Change reads the lock file at path, calls do and writes the file, which it creates if it does not exist. If do returns an
// error, the file does not change. Other processes that call Change wait meanwhile, so do should not wait for a registry.
func Change(ctx context.Context, path string, do func(*File) error) error {
	unlock, err := atomicfile.Lock(ctx, path)
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
