package bootable

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/rules-strata/rules_strata/tools/internal/oci"
	"github.com/rules-strata/rules_strata/tools/internal/rootfs"
	"github.com/rules-strata/rules_strata/tools/internal/rootfs/internal/rootfstest"
)

// program is the beginning of an ELF file for amd64.
var program = []byte("\x7fELF\x02\x01\x01" + strings.Repeat("\x00", 9) + "\x02\x00\x3e\x00")

const config = `{"os": "linux", "architecture": "amd64", "config": {
  "Entrypoint": ["/app"], "Cmd": ["serve"], "User": "app", "WorkingDir": "/srv/data", "Env": ["A=1"], "StopSignal": "SIGINT"}}`

// merge merges layers, each with the entries that rootfstest describes.
func merge(t *testing.T, layers ...string) *rootfs.FileSystem {
	t.Helper()
	blobs := make(rootfstest.Blobs)
	var descriptors []oci.Descriptor
	for _, text := range layers {
		data, err := rootfstest.Archive(text)
		if err != nil {
			t.Fatal(err)
		}
		descriptors = append(descriptors, blobs.Put(oci.Uncompressed.MediaType(), data))
	}
	fs, err := rootfs.Merge(context.Background(), blobs, descriptors)
	if err != nil {
		t.Fatal(err)
	}
	return fs
}

// list returns the entries with their modes, owners and names, and the contents of small files.
func list(t *testing.T, fs *rootfs.FileSystem) string {
	t.Helper()
	contents := make(map[*rootfs.File]string)
	err := fs.Contents(context.Background(), nil, func(f *rootfs.File, r io.Reader) error {
		data, err := io.ReadAll(r)
		contents[f] = string(data)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	for _, e := range fs.Entries() {
		fmt.Fprintf(&b, "%s %s %o %d:%d %d %d", e.Path, e.File.Kind, e.File.Mode, e.File.UID, e.File.GID, e.File.Names,
			e.File.ModTime.Unix())
		if text := strings.ReplaceAll(contents[e.File], "\n", " "); text != "" && text != string(program) {
			fmt.Fprintf(&b, " %s", strings.Join(strings.Fields(text), " "))
		}
		b.WriteByte('\n')
	}
	return b.String()
}

func TestAdd(t *testing.T) {
	// The accounts are behind a symlink, and the upper layer replaces one. /tmp, /run and the directory exist.
	fs := merge(t, `dir etc/
file usr/lib/passwd data=root:x:0:0:root:/:
symlink etc/passwd to=../usr/lib/passwd
file etc/group data=audio:x:29:app
file app mode=755 data=x
dir tmp/ mode=700 uid=5
dir .strata/modules/ mode=500
file .strata/modules/1.ko data=m
symlink run to=var/run
dir var/run/
symlink srv to=var
link app2 to=app
`, `file usr/lib/passwd data=app:x:1000:100::/home/app:
dir var/data/ mode=750
`)
	if err := Add(context.Background(), fs, []byte(config), Init{Program: program, Hostname: "vm"}); err != nil {
		t.Fatal(err)
	}
	const want = `/ directory 755 0:0 1 0
/.strata directory 755 0:0 1 0
/.strata/init file 755 0:0 1 0
/.strata/modules directory 500 0:0 1 1000
/.strata/modules/1.ko file 644 0:0 1 1000 m
/.strata/run.json file 600 0:0 1 0 { "args": [ "/app", "serve" ], "env": [ "A=1", ` +
		`"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "HOME=/home/app" ], "dir": "/srv/data", ` +
		`"uid": 1000, "gid": 100, "groups": [ 29 ], "hostname": "vm", "stop_signal": 2 }
/app file 755 0:0 2 1000 x
/app2 file 755 0:0 2 1000 x
/dev directory 755 0:0 1 0
/etc directory 755 0:0 1 1000
/etc/group file 644 0:0 1 1000 audio:x:29:app
/etc/passwd symlink 777 0:0 1 1000
/proc directory 555 0:0 1 0
/run symlink 777 0:0 1 1000
/srv symlink 777 0:0 1 1000
/sys directory 555 0:0 1 0
/tmp directory 700 5:0 1 1000
/usr directory 755 0:0 1 0
/usr/lib directory 755 0:0 1 0
/usr/lib/passwd file 644 0:0 1 1000 app:x:1000:100::/home/app:
/var directory 755 0:0 1 0
/var/data directory 750 0:0 1 1000
/var/run directory 755 0:0 1 1000
`
	if got := list(t, fs); got != want {
		t.Errorf("got\n%swant\n%s", got, want)
	}
}

// An image without anything but its program gets all directories, and one file may be both account files.
func TestAddToScratch(t *testing.T) {
	fs := merge(t, "file app data=x\nfile etc/passwd data=app:x:7:8:app:/home:\nlink etc/group to=etc/passwd")
	if err := Add(context.Background(), fs, []byte(config), Init{Program: program}); err != nil {
		t.Fatal(err)
	}
	for path, mode := range map[string]uint32{
		"/proc": 0o555, "/sys": 0o555, "/dev": 0o755, "/run": 0o755, "/tmp": 0o1777, "/srv/data": 0o755, "/srv": 0o755,
	} {
		if f, err := fs.Lookup(path); f == nil || f.Mode != mode || err != nil {
			t.Errorf("%s: got %+v, %v", path, f, err)
		}
	}
	if got := list(t, fs); !strings.Contains(got, `"uid": 7, "gid": 8, "stop_signal"`) {
		t.Errorf("got %s", got)
	}
}

func TestAddRefused(t *testing.T) {
	for _, c := range []struct {
		name, layer, config string
		program             []byte
		is                  error
		want                string
	}{
		{"a file of its own", "file .strata/run.json", config, program, ErrReserved, `entry "/.strata/run.json": reserved`},
		{"a file instead of the directory", "file .strata", config, program, ErrReserved, `entry "/.strata": reserved`},
		{"a symlink to modules", "symlink .strata/modules to=/m", config, program, ErrReserved, `entry "/.strata/modules"`},
		{"another architecture", "", strings.Replace(config, "amd64", "arm64", 1), program, ErrArchitecture,
			"the init is not a program for the image's platform: it is for linux/amd64, the image for linux/arm64"},
		{"another system", "", strings.Replace(config, "linux", "windows", 1), program, ErrArchitecture, "the image for windows/amd64"},
		{"not a program", "", config, []byte("#!/bin/sh"), ErrArchitecture, "it is for no Linux machine"},
		{"not JSON", "", "{", program, nil, "config: unexpected end of JSON input"},
		{"no user", "", config, program, nil, `user "app": the image has no /etc/passwd`},
		{"nothing to start", "", `{"os": "linux", "architecture": "amd64"}`, program, nil, "neither an entrypoint nor a cmd"},
		{"a directory as accounts", "dir etc/passwd/", config, program, nil, "/etc/passwd: it is a directory, not a file"},
		{"a loop", "symlink etc to=/etc", config, program, nil, "its path leads through too many symlinks"},
	} {
		err := Add(context.Background(), merge(t, c.layer), []byte(c.config), Init{Program: c.program})
		if err == nil || c.is != nil && !errors.Is(err, c.is) || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: got %v, want %s", c.name, err, c.want)
		}
	}
}
