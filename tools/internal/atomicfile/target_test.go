package atomicfile

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"syscall"
	"testing"
)

func wantText(t *testing.T, path, want string) {
	t.Helper()
	if got, err := os.ReadFile(path); err != nil || string(got) != want {
		t.Errorf("%s has %q, %v, want %q", path, got, err, want)
	}
}

// A symlink stays, and the file that it leads to is written, whether it existed or not.
func TestSymlink(t *testing.T) {
	root := t.TempDir()
	file := filepath.Join(root, "dir/file")
	for _, dir := range []string{"dir", "far/dir"} {
		if err := os.MkdirAll(filepath.Join(root, dir), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	for link, target := range map[string]string{
		"absolute": file, "relative": "dir/file", "chain": "far/link", "far/link": "../dir/file", "linked": "far/dir",
		"up": "linked/../link", // far/link, as the system resolves it
	} {
		path := filepath.Join(root, link)
		if err := os.Symlink(target, path); err != nil {
			t.Fatal(err)
		}
	}
	before := names(t, root)
	for _, link := range []string{"absolute", "relative", "chain", "far/link", "up"} {
		for _, text := range []string{"new", "newer"} {
			if err := Write(filepath.Join(root, link), []byte(text)); err != nil {
				t.Fatal(err)
			}
			wantText(t, file, text)
			if info, err := os.Lstat(filepath.Join(root, link)); err != nil || info.Mode().Type() != fs.ModeSymlink {
				t.Errorf("%s is %v, %v", link, info.Mode(), err)
			}
		}
		os.Remove(file)
	}
	wantNames(t, root, before...)
	wantNames(t, filepath.Join(root, "dir"))
	t.Chdir(root)
	if err := Write("relative", []byte("x")); err != nil {
		t.Error(err)
	}
	wantText(t, file, "x")
}

func TestSymlinkFails(t *testing.T) {
	dir := t.TempDir()
	for link, want := range map[string]error{"loop": syscall.ELOOP, "none/f": fs.ErrNotExist} {
		path := filepath.Join(dir, "loop")
		if err := os.Symlink(link, path); err != nil {
			t.Fatal(err)
		}
		if err := Write(path, nil); !errors.Is(err, want) {
			t.Errorf("%s: %v, want %v", link, err, want)
		}
		wantNames(t, dir, "loop")
		os.Remove(path)
	}
	if err := Write(dir, nil); !errors.Is(err, syscall.EISDIR) {
		t.Errorf("a directory: %v", err)
	}
}

// A file that is replaced keeps its permissions.
func TestPermissions(t *testing.T) {
	path := filepath.Join(t.TempDir(), "f")
	for _, mode := range []fs.FileMode{0o600, 0o640, 0o755, 0o444} {
		if err := os.WriteFile(path, nil, 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Chmod(path, mode); err != nil {
			t.Fatal(err)
		}
		if err := Write(path, []byte("x")); err != nil {
			t.Fatal(err)
		}
		if info, err := os.Stat(path); err != nil || info.Mode() != mode {
			t.Errorf("mode %v, %v, want %v", info.Mode(), err, mode)
		}
		os.Remove(path)
	}
}

// A pipe is written to, and stays.
func TestPipe(t *testing.T) {
	dir := t.TempDir()
	path, link := filepath.Join(dir, "pipe"), filepath.Join(dir, "link")
	if err := syscall.Mkfifo(path, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("pipe", link); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{path, link} {
		read := make(chan string)
		go func() {
			data, err := os.ReadFile(path)
			if err != nil {
				t.Error(err)
			}
			read <- string(data)
		}()
		if err := Write(name, []byte("text")); err != nil {
			t.Error(err)
		}
		if got := <-read; got != "text" {
			t.Errorf("%s: %q", name, got)
		}
		if info, err := os.Lstat(path); err != nil || info.Mode().Type() != fs.ModeNamedPipe {
			t.Errorf("%v, %v", info.Mode(), err)
		}
	}
	wantNames(t, dir, "link", "pipe")
}

// The writer gets a device's error, and the device stays a device.
func TestDevice(t *testing.T) {
	link := filepath.Join(t.TempDir(), "link")
	if err := os.Symlink("/dev/full", link); err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]error{"/dev/null": nil, "/dev/full": syscall.ENOSPC, link: syscall.ENOSPC} {
		if err := Write(path, []byte("x")); !errors.Is(err, want) {
			t.Errorf("%s: error %v, want %v", path, err, want)
		}
		if info, err := os.Stat(path); err != nil || info.Mode().Type() != fs.ModeDevice|fs.ModeCharDevice {
			t.Errorf("%s is %v, %v", path, info.Mode(), err)
		}
	}
}

// An open file of the process is written at its current position, even if it is regular or no longer has a name.
func TestDescriptor(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "f")
	for _, pattern := range []string{"/dev/fd/N", "/proc/self/fd/N", "/proc/PID/fd/N", "LINK"} {
		for _, unlink := range []bool{false, true} {
			f, err := os.Create(path)
			if err != nil {
				t.Fatal(err)
			}
			// Commit takes over the descriptor and closes it, like that of a file that a shell opened for the process.
			fd, err := syscall.Dup(int(f.Fd()))
			if err != nil {
				t.Fatal(err)
			}
			number := strconv.Itoa(fd)
			f.WriteString("before, ")
			if unlink {
				os.Remove(path)
			}
			name := map[string]string{
				"/dev/fd/N": "/dev/fd/" + number, "/proc/self/fd/N": "/proc/self/fd/" + number,
				"/proc/PID/fd/N": "/proc/" + strconv.Itoa(os.Getpid()) + "/fd/" + number,
				"LINK":           filepath.Join(t.TempDir(), "link"),
			}[pattern]
			if pattern == "LINK" {
				if err := os.Symlink("/proc/self/fd/"+number, name); err != nil {
					t.Fatal(err)
				}
			}
			if err := Write(name, []byte("new, ")); err != nil {
				t.Errorf("%s: %v", name, err)
			}
			f.WriteString("after")
			f.Seek(0, io.SeekStart)
			if got, err := io.ReadAll(f); err != nil || string(got) != "before, new, after" {
				t.Errorf("%s, unlinked %t: %q, %v", pattern, unlink, got, err)
			}
			f.Close()
			os.Remove(path)
			wantNames(t, dir)
		}
	}
}

// The standard streams stay open.
func TestStandardStreams(t *testing.T) {
	for n, stream := range map[string]**os.File{"1": &os.Stdout, "2": &os.Stderr} {
		f, err := os.Create(filepath.Join(t.TempDir(), "f"))
		if err != nil {
			t.Fatal(err)
		}
		before := *stream
		*stream = f
		for range 2 {
			if err := Write("/proc/self/fd/"+n, []byte("x")); err != nil {
				t.Error(err)
			}
		}
		*stream = before
		wantText(t, f.Name(), "xx")
		f.Close()
	}
	f, err := Create("/proc/self/fd/2")
	if err != nil {
		t.Fatal(err)
	}
	f.Abort()
	if !f.InPlace() || f.File != os.Stderr {
		t.Errorf("%+v", f)
	}
	if _, err := os.Stderr.WriteString(""); err != nil {
		t.Error(err)
	}
}
