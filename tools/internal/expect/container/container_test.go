package container_test

import (
	"archive/tar"
	"bytes"
	"debug/elf"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/rules-strata/rules_strata/tools/internal/expect/container"
	"github.com/rules-strata/rules_strata/tools/internal/oci"
	"github.com/rules-strata/rules_strata/tools/internal/oci/content"
	"github.com/rules-strata/rules_strata/tools/internal/oci/digest"
	"github.com/rules-strata/rules_strata/tools/internal/rootfs"
)

// programVariable makes the test's own executable the program of a container.
const programVariable = "CONTAINER_PROGRAM"

func TestMain(m *testing.M) {
	container.Init()
	if os.Getenv(programVariable) != "" {
		os.Exit(program(os.Args[1:]))
	}
	os.Exit(m.Run())
}

// program is what the containers of the tests run.
func program(args []string) int {
	switch args[0] {
	case "state":
		dir, _ := os.Getwd()
		host, _ := os.Hostname()
		_, errProc := os.Stat("/proc/self")
		_, errNull := os.ReadFile("/dev/null")
		interfaces, _ := os.ReadFile("/proc/net/dev")
		fmt.Println(os.Getpid(), os.Getuid(), os.Getgid(), dir, host, errProc, errNull, bytes.Count(interfaces, []byte(":")))
		for _, v := range os.Environ() {
			fmt.Println(v)
		}
		fmt.Fprintln(os.Stderr, "to standard error")
		return 7
	case "write":
		if err := os.WriteFile(args[1], []byte(args[2]), 0o600); err != nil {
			fmt.Println(err)
			return 1
		}
	case "read":
		data, err := os.ReadFile(args[1])
		fmt.Print(string(data), err)
	case "flood":
		for range 1 << 30 {
			os.Stdout.WriteString(strings.Repeat("x", 1000))
		}
	case "panic":
		panic("panic")
	}
	return 0
}

// needs returns the interpreter and the libraries that the test's own executable uses, none if it is static.
func needs(t *testing.T, exe string) []string {
	t.Helper()
	f, err := elf.Open(exe)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	section := f.Section(".interp")
	if section == nil {
		return nil
	}
	interpreter, err := section.Data()
	if err != nil {
		t.Fatal(err)
	}
	maps, err := os.ReadFile("/proc/self/maps")
	if err != nil {
		t.Fatal(err)
	}
	paths := []string{string(bytes.TrimRight(interpreter, "\x00"))}
	for line := range strings.Lines(string(maps)) {
		fields := strings.Fields(line)
		if path := fields[len(fields)-1]; strings.Contains(path, ".so") && !slices.Contains(paths, path) {
			paths = append(paths, path)
		}
	}
	return paths
}

// image unpacks an image with the program and a few other files.
func image(t *testing.T) *container.Image {
	t.Helper()
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	add := func(h tar.Header, content []byte) {
		h.Size = int64(len(content))
		if err := w.WriteHeader(&h); err != nil {
			t.Fatal(err)
		}
		w.Write(content)
	}
	file := func(path, name string) {
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		add(tar.Header{Name: name, Typeflag: tar.TypeReg, Mode: 0o755}, data)
	}
	file(exe, "app/program")
	for _, path := range needs(t, exe) {
		file(path, path[1:])
	}
	add(tar.Header{Name: "app/again", Typeflag: tar.TypeLink, Linkname: "app/program"}, nil)
	add(tar.Header{Name: "app/link", Typeflag: tar.TypeSymlink, Linkname: "/app/secret"}, nil)
	add(tar.Header{Name: "app/secret", Typeflag: tar.TypeReg}, []byte("secret"))
	add(tar.Header{Name: "app/text", Typeflag: tar.TypeReg, Mode: 0o644}, []byte("text"))
	add(tar.Header{Name: "dev/sda", Typeflag: tar.TypeBlock, Mode: 0o600}, nil)
	w.Close()
	layer := oci.Descriptor{MediaType: oci.MediaTypeLayer, Digest: digest.FromBytes(b.Bytes()), Size: int64(b.Len())}
	path := filepath.Join(t.TempDir(), "layer.tar")
	if err := os.WriteFile(path, b.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	var src content.Files
	src.Add(layer.Digest, path)
	files, err := rootfs.Merge(t.Context(), &src, []oci.Descriptor{layer})
	if err != nil {
		t.Fatal(err)
	}
	i, err := container.New(t.Context(), files, t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := i.Close(); err != nil {
			t.Error(err)
		}
	})
	return i
}

func newContainer(t *testing.T, i *container.Image) *container.Container {
	t.Helper()
	c, err := i.Container()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := c.Close(); err != nil {
			t.Error(err)
		}
	})
	return c
}

// run runs a command and returns its outcome as a text.
func run(t *testing.T, c *container.Container, uid uint32, args ...string) string {
	t.Helper()
	p := container.Process{
		Args: args, Env: []string{"PATH=/none:/app", programVariable + "=1"}, Dir: "/srv/dir", UID: uid, GID: uid,
	}
	o, err := c.Run(t.Context(), p)
	if err != nil {
		return "error: " + err.Error()
	}
	return fmt.Sprintf("%s%s%d", o.Stdout, o.Stderr, o.ExitCode)
}

// A command sees the image, and nothing of the machine.
func TestRun(t *testing.T) {
	i := image(t)
	for _, uid := range []uint32{0, 1000} {
		want := fmt.Sprintf(`1 %d %d /srv/dir container <nil> <nil> 1
PATH=/none:/app
CONTAINER_PROGRAM=1
to standard error
7`, uid, uid)
		if got := run(t, newContainer(t, i), uid, "program", "state"); got != want {
			t.Errorf("got\n%s\nwant\n%s", got, want)
		}
	}
	c := newContainer(t, i)
	for _, test := range []struct {
		want string
		args []string
	}{
		{"text<nil>0", []string{"program", "read", "/app/text"}},
		{"secret<nil>0", []string{"/app/again", "read", "/app/link"}},
		{"0", []string{"program", "write", "/app/text", "changed"}},
		{"changed<nil>0", []string{"program", "read", "/app/text"}},
		{"open /etc/passwd: no such file or directory0", []string{"program", "read", "/etc/passwd"}},
		{`error: missing: not found in the PATH of the image, "/none:/app"`, []string{"missing"}},
		{"error: /missing: no such file or directory", []string{"/missing"}},
		{"error: /app/text: permission denied", []string{"/app/text"}},
		{"error: the command writes more than 16777216 bytes", []string{"program", "flood"}},
	} {
		if got := run(t, c, 0, test.args...); got != test.want {
			t.Errorf("%q: got\n%s\nwant\n%s", test.args, got, test.want)
		}
	}
	// Containers do not see each other's changes.
	if got := run(t, newContainer(t, i), 0, "program", "read", "/app/text"); got != "text<nil>0" {
		t.Errorf("got %s", got)
	}
	if got := run(t, c, 0, "program", "panic"); !strings.HasSuffix(got, "\n2") {
		t.Errorf("got %s", got)
	}
}

// A container whose files are gone cannot start.
func TestUnavailable(t *testing.T) {
	c := newContainer(t, image(t))
	if err := c.Close(); err != nil {
		t.Fatal(err)
	}
	_, err := c.Run(t.Context(), container.Process{Args: []string{"/app/program"}, Dir: "/"})
	if !errors.Is(err, container.ErrUnavailable) || errors.Is(err, fs.ErrNotExist) {
		t.Errorf("got %v", err)
	}
}
