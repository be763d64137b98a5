package lockfile

import (
	"errors"
	"maps"
	"path/filepath"
	"slices"
	"testing"
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
