package atomicfile

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"testing"
)

// names returns the names in dir.
func names(t *testing.T, dir string) []string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var all []string
	for _, entry := range entries {
		all = append(all, entry.Name())
	}
	return all
}

func wantNames(t *testing.T, dir string, want ...string) {
	t.Helper()
	if got := names(t, dir); !slices.Equal(got, want) {
		t.Errorf("the directory has %q, want %q", got, want)
	}
}

func TestWrite(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "f")
	for _, text := range []string{"first", "second"} {
		if err := Write(path, []byte(text)); err != nil {
			t.Fatal(err)
		}
		if got, err := os.ReadFile(path); err != nil || string(got) != text {
			t.Errorf("%q, %v", got, err)
		}
	}
	if info, err := os.Stat(path); err != nil || info.Mode() != 0o644 {
		t.Errorf("mode %v, %v", info.Mode(), err)
	}
	wantNames(t, dir, "f")
}

// The bytes are on disk while the file that they replace still exists; if syncing them fails, that file stays.
func TestWriteDurably(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "f")
	if err := WriteDurably(path, []byte("first")); err != nil {
		t.Fatal(err)
	}
	broken := errors.New("the disk is broken")
	if err := write(path, []byte("second"), func(f *os.File) error {
		for name, want := range map[string]string{path: "first", f.Name(): "second"} {
			if got, err := os.ReadFile(name); err != nil || string(got) != want {
				t.Errorf("%s has %q, %v", name, got, err)
			}
		}
		return broken
	}); err != broken {
		t.Errorf("error %v", err)
	}
	if got, err := os.ReadFile(path); err != nil || string(got) != "first" {
		t.Errorf("%q, %v", got, err)
	}
	wantNames(t, dir, "f")
	if err := WriteDurably(os.DevNull, []byte("x")); err != nil {
		t.Errorf("a device: %v", err)
	}
}

func TestFile(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "f")
	f, err := Create(path)
	if err != nil {
		t.Fatal(err)
	}
	f.WriteString("text")
	if _, err := os.Stat(path); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the file exists before Commit: %v", err)
	}
	f.Abort()
	wantNames(t, dir)

	f, err = Create(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := f.Commit(); err != nil {
		t.Fatal(err)
	}
	f.Abort()
	wantNames(t, dir, "f")
}

func TestFileFails(t *testing.T) {
	dir := t.TempDir()
	if err := Write(filepath.Join(dir, "none", "f"), nil); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("error %v", err)
	}
	// Commit detects a directory in the way, and a file that is already closed.
	for name, spoil := range map[string]func(*File) error{
		"directory": func(f *File) error { return os.Mkdir(f.path, 0o755) },
		"closed":    func(f *File) error { return f.Close() },
	} {
		dir := t.TempDir()
		f, err := Create(filepath.Join(dir, "f"))
		if err != nil {
			t.Fatal(err)
		}
		if err := spoil(f); err != nil {
			t.Fatal(err)
		}
		before := len(names(t, dir))
		if err := f.Commit(); err == nil {
			t.Errorf("%s: Commit succeeds", name)
		}
		if after := names(t, dir); len(after) != before-1 {
			t.Errorf("%s: Commit leaves %q", name, after)
		}
	}
}

func TestDirectory(t *testing.T) {
	parent := t.TempDir()
	path := filepath.Join(parent, "d")
	for _, prepare := range []func() error{
		func() error { return nil },
		func() error { return os.Mkdir(path, 0o700) },
	} {
		if err := prepare(); err != nil {
			t.Fatal(err)
		}
		d, err := CreateDirectory(path + "/")
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(d.Path, "f"), nil, 0o644); err != nil {
			t.Fatal(err)
		}
		if err := d.Commit(); err != nil {
			t.Fatal(err)
		}
		d.Abort()
		wantNames(t, parent, "d")
		wantNames(t, path, "f")
		if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o755 {
			t.Errorf("mode %v, %v", info.Mode(), err)
		}
		if err := os.RemoveAll(path); err != nil {
			t.Fatal(err)
		}
	}
	d, err := CreateDirectory(path)
	if err != nil {
		t.Fatal(err)
	}
	d.Abort()
	wantNames(t, parent)
}

func TestDirectoryFails(t *testing.T) {
	parent := t.TempDir()
	file, full := filepath.Join(parent, "file"), filepath.Join(parent, "full")
	if err := os.WriteFile(file, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll(filepath.Join(full, "x"), 0o755); err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]string{
		file: file + ": not a directory",
		full: full + ": directory is not empty",
	} {
		if _, err := CreateDirectory(path); err == nil || err.Error() != want {
			t.Errorf("error %v, want %s", err, want)
		}
	}
	if _, err := CreateDirectory(filepath.Join(parent, "none", "d")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("error %v", err)
	}
	if _, err := CreateDirectory(filepath.Join(file, "d")); err == nil {
		t.Error("CreateDirectory makes a directory below a file")
	}
	wantNames(t, parent, "file", "full")

	// A directory that appears in the meantime is not touched.
	late := filepath.Join(parent, "late")
	d, err := CreateDirectory(late)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll(filepath.Join(late, "x"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := d.Commit(); err == nil {
		t.Error("Commit replaces a directory that is not empty")
	}
	wantNames(t, parent, "file", "full", "late")
	wantNames(t, late, "x")
}
