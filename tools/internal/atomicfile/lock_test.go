package atomicfile

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// Only one process holds the lock at a time, whichever name of the file it uses, and no other file remains.
func TestLock(t *testing.T) {
	dir := t.TempDir()
	path, link := filepath.Join(dir, "file"), filepath.Join(t.TempDir(), "link")
	if err := os.Symlink(path, link); err != nil {
		t.Fatal(err)
	}
	var wait sync.WaitGroup
	var holders, total atomic.Int32
	for i := range 12 {
		wait.Go(func() {
			unlock, err := Lock(context.Background(), []string{path, link}[i%2])
			if err != nil {
				t.Error(err)
				return
			}
			if n := holders.Add(1); n != 1 {
				t.Errorf("%d processes hold the lock", n)
			}
			total.Add(1)
			time.Sleep(time.Millisecond)
			holders.Add(-1)
			unlock()
		})
	}
	wait.Wait()
	if n := total.Load(); n != 12 {
		t.Errorf("%d of 12 held the lock", n)
	}
	if entries, err := os.ReadDir(dir); err != nil || len(entries) > 0 {
		t.Errorf("left %v, %v", entries, err)
	}

	unlock, err := Lock(context.Background(), path)
	if err != nil {
		t.Fatal(err)
	}
	defer unlock()
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := Lock(ctx, link); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v", err)
	}
}
