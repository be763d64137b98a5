package lockfile

import (
	"context"
	"errors"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// A change creates the file, sees earlier changes, and leaves the file alone if it fails.
func TestChange(t *testing.T) {
	path := filepath.Join(t.TempDir(), "lock.json")
	add := func(name string, result error) (before int, err error) {
		err = Change(t.Context(), path, func(f *File) error {
			before = len(f.Images)
			maps.Copy(f.Registries, sample(t).Registries)
			f.Images[name] = sample(t).Images["two"]
			return result
		})
		return before, err
	}
	broken := errors.New("broken")
	for n, name := range []string{"a", "b", "c"} {
		if before, err := add("x", broken); before != n || err != broken {
			t.Errorf("%d before %s, %v", before, name, err)
		}
		if before, err := add(name, nil); before != n || err != nil {
			t.Errorf("%d before %s, %v", before, name, err)
		}
	}
	if _, err := add("not a name", nil); err == nil {
		t.Error("an invalid file is written")
	}
	f, err := Read(path)
	if err != nil {
		t.Fatal(err)
	}
	if got := slices.Sorted(maps.Keys(f.Images)); !slices.Equal(got, []string{"a", "b", "c"}) {
		t.Errorf("images %q", got)
	}
}

// Only one process holds the lock at a time, whichever name of the file it uses, and no other file remains.
func TestLock(t *testing.T) {
	dir := t.TempDir()
	path, link := filepath.Join(dir, "lock.json"), filepath.Join(t.TempDir(), "link")
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
