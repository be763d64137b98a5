package tarstream

import (
	"archive/tar"
	"bytes"
	"flag"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/rules-strata/rules_strata/tools/internal/layer/tree"
)

// built returns the entry as a builder leaves it.
func built(t testing.TB, e tree.Entry) *tree.Entry {
	t.Helper()
	var b tree.Builder
	if err := b.Add(e); err != nil {
		t.Fatal(err)
	}
	all, err := b.Build()
	if err != nil {
		t.Fatal(err)
	}
	path, err := tree.Clean(e.Path)
	want := e.Kind
	i := slices.IndexFunc(all, func(e *tree.Entry) bool { return e.Path == path && e.Kind == want })
	if err != nil || i < 0 {
		t.Fatalf("%s is missing: %v", e.Path, err)
	}
	return all[i]
}

var update = flag.Bool("update", false, "rewrite the golden archive")

// The golden archive contains one entry of each shape; "go test -update" makes it, "tar tvf testdata/shapes.tar" lists it.
func TestGolden(t *testing.T) {
	var got []byte
	for _, c := range []struct {
		e    tree.Entry
		data string
	}{
		{e: tree.Entry{Path: "/", Kind: tree.Dir, Mode: tree.Perm(0o1755)}},
		{e: tree.Entry{Path: "/dir", Kind: tree.Dir, UID: 1000, GID: 100}},
		{e: tree.Entry{Path: "/file", Mode: tree.Perm(0o4755), ModTime: time.Unix(1e9, 0)}, data: "hello\n"},
		{e: tree.Entry{Path: "/link", Kind: tree.Symlink, Target: "../some where", User: "alice", Group: "users"}},
		{e: tree.Entry{Path: "/" + strings.Repeat("p", 120) + "/" + strings.Repeat("n", 99), Mode: tree.Perm(0o600)}},
		{e: tree.Entry{Path: "/null", Kind: tree.CharDevice, Mode: tree.Perm(0o666), Major: 1, Minor: 3}},
		{e: tree.Entry{Path: "/file2", Inode: 1, Mode: tree.Perm(0o4755), ModTime: time.Unix(1e9, 0)}},
		{e: tree.Entry{Path: "/disk", Kind: tree.BlockDevice, Mode: tree.Perm(0o660), Major: 4095, Minor: 1<<20 - 1}},
		{e: tree.Entry{Path: "/pipe", Kind: tree.FIFO}},
		{e: tree.Entry{Path: "/gone", Kind: tree.Whiteout}},
		{e: tree.Entry{Path: "/empty", Kind: tree.Opaque}},
		{e: tree.Entry{Path: "/xattrs", Xattrs: map[string]string{"user.b": "=\n\x00", "user.a": "ü"}}},
		{e: tree.Entry{Path: "/ünï", UID: 1 << 22, GID: 1<<32 - 1, User: "jörg", ModTime: time.Unix(-2, 5e8)}},
	} {
		var err error
		e := built(t, c.e)
		if c.e.Inode != nil {
			e.Kind, e.Target = tree.Hardlink, "file"
		}
		if got, err = AppendHeader(got, e, int64(len(c.data)), e.Mode.Bits()); err != nil {
			t.Fatal(err)
		}
		got = append(got, c.data...)
		got = append(got, make([]byte, Padding(int64(len(c.data))))...)
	}
	got = append(got, End()...)
	const golden = "testdata/shapes.tar"
	if *update {
		if err := os.WriteFile(golden, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if want, err := os.ReadFile(golden); err != nil || !bytes.Equal(got, want) {
		t.Errorf("the archive differs from %s (%v), which needs a new format_version", golden, err)
	}
}

// TestPax checks, for each field, the limit of ustar and the records used beyond it.
func TestPax(t *testing.T) {
	n100, n101, dir155 := strings.Repeat("n", 100), strings.Repeat("n", 101), strings.Repeat("p/", 77)+"p"
	for _, c := range []struct {
		name string
		e    tree.Entry
		size int64
		want map[string]string
	}{
		{"name of 100", tree.Entry{Path: "/" + n100}, 0, nil},
		{"name of 101", tree.Entry{Path: "/" + n101}, 0, map[string]string{"path": n101}},
		{"directory of 99", tree.Entry{Path: "/" + n100[1:], Kind: tree.Dir}, 0, nil},
		{"directory of 100", tree.Entry{Path: "/" + n100, Kind: tree.Dir}, 0, map[string]string{"path": n100 + "/"}},
		{"prefix of 155", tree.Entry{Path: "/" + dir155 + "/" + n100}, 0, nil},
		{"prefix of 156", tree.Entry{Path: "/p" + dir155 + "/" + n100}, 0,
			map[string]string{"path": "p" + dir155 + "/" + n100}},
		{"name not ASCII", tree.Entry{Path: "/ü"}, 0, map[string]string{"path": "ü"}},
		{"target of 100", tree.Entry{Path: "/l", Kind: tree.Symlink, Target: n100}, 0, nil},
		{"target of 101", tree.Entry{Path: "/l", Kind: tree.Symlink, Target: n101}, 0, map[string]string{"linkpath": n101}},
		{"target not ASCII", tree.Entry{Path: "/l", Kind: tree.Symlink, Target: "ü"}, 0,
			map[string]string{"linkpath": "ü"}},
		{"target without ASCII", tree.Entry{Path: "/l", Kind: tree.Symlink, Target: "日本"}, 0,
			map[string]string{"linkpath": "日本"}},
		{"8 GiB - 1", tree.Entry{Path: "/f"}, 1<<33 - 1, nil},
		{"8 GiB", tree.Entry{Path: "/f"}, 1 << 33, map[string]string{"size": "8589934592"}},
		{"ids of 21 bits", tree.Entry{Path: "/f", UID: 1<<21 - 1, GID: 1<<21 - 1}, 0, nil},
		{"uid of 22 bits", tree.Entry{Path: "/f", UID: 1 << 21}, 0, map[string]string{"uid": "2097152"}},
		{"gid of 32 bits", tree.Entry{Path: "/f", GID: 1<<32 - 1}, 0, map[string]string{"gid": "4294967295"}},
		{"names of 31", tree.Entry{Path: "/f", User: n100[:31], Group: n100[:31]}, 0, nil},
		{"names of 32", tree.Entry{Path: "/f", User: n100[:32], Group: n100[:32]}, 0,
			map[string]string{"uname": n100[:32], "gname": n100[:32]}},
		{"last second", tree.Entry{Path: "/f", ModTime: time.Unix(1<<33-1, 0)}, 0, nil},
		{"after it", tree.Entry{Path: "/f", ModTime: time.Unix(1<<33, 0)}, 0, map[string]string{"mtime": "8589934592"}},
		{"before 1970", tree.Entry{Path: "/f", ModTime: time.Unix(-1, 0)}, 0, map[string]string{"mtime": "-1"}},
		{"fraction", tree.Entry{Path: "/f", ModTime: time.Unix(3, 120)}, 0, map[string]string{"mtime": "3.00000012"}},
		{"fraction before 1970", tree.Entry{Path: "/f", ModTime: time.Unix(-1, 25e7)}, 0,
			map[string]string{"mtime": "-0.75"}},
		{"extended attribute", tree.Entry{Path: "/f", Xattrs: map[string]string{"user.x": "a=b\n\xff"}}, 0,
			map[string]string{"SCHILY.xattr.user.x": "a=b\n\xff"}},
		{"device", tree.Entry{Path: "/c", Kind: tree.CharDevice, Major: 5, Minor: 1}, 0, nil},
		{"pipe", tree.Entry{Path: "/p", Kind: tree.FIFO}, 0, nil},
		{"fraction long before 1970", tree.Entry{Path: "/f", ModTime: time.Unix(-3, 1)}, 0, map[string]string{"mtime": "-2.999999999"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			h := readBack(t, built(t, c.e), c.size)
			if !maps.Equal(h.PAXRecords, c.want) {
				t.Errorf("records %v, want %v", h.PAXRecords, c.want)
			}
		})
	}
}

// readBack writes an entry's header, has archive/tar read it, and compares every field.
func readBack(t testing.TB, e *tree.Entry, size int64) *tar.Header {
	t.Helper()
	raw, err := AppendHeader([]byte("before"), e, size, 0o640)
	if err != nil {
		t.Fatal(err)
	}
	raw, ok := bytes.CutPrefix(raw, []byte("before"))
	if !ok || len(raw)%BlockSize != 0 {
		t.Fatalf("header of %d bytes, prefix kept: %v", len(raw), ok)
	}
	h, err := tar.NewReader(bytes.NewReader(raw)).Next()
	if err != nil {
		t.Fatal(err)
	}
	kind := map[tree.Kind]byte{tree.File: tar.TypeReg, tree.Dir: tar.TypeDir, tree.Symlink: tar.TypeSymlink,
		tree.CharDevice: tar.TypeChar, tree.FIFO: tar.TypeFifo}[e.Kind]
	if block := raw[len(raw)-BlockSize:]; e.Target != "" && block[fieldLink.offset] == 0 {
		t.Error("bsdtar ignores the record of a link that has no target in its block")
	}
	got := fmt.Sprintln(h.Name, h.Typeflag, h.Size, h.Mode, h.Uid, h.Gid, h.Uname, h.Gname, h.Linkname, h.ModTime.UTC(),
		h.Devmajor, h.Devminor)
	want := fmt.Sprintln(e.Name(), kind, size, 0o640, e.UID, e.GID, e.User, e.Group, e.Target, e.ModTime.UTC(),
		e.Major, e.Minor)
	if got != want {
		t.Errorf("read back\n%swant\n%s", got, want)
	}
	return h
}

func TestRecordLength(t *testing.T) {
	for n := range 1200 {
		var r records
		r.add("k", strings.Repeat("v", n))
		length, _, _ := strings.Cut(string(r), " ")
		if length != fmt.Sprint(len(r)) {
			t.Fatalf("a record of %d bytes has the length %s", len(r), length)
		}
	}
}

func TestRecordsAreSorted(t *testing.T) {
	long := strings.Repeat("ü", 200)
	raw, err := AppendHeader(nil, built(t, tree.Entry{Path: "/" + long[:250], Kind: tree.Symlink, Target: long, User: long,
		Group: long, UID: 1 << 30, GID: 1 << 30, Xattrs: map[string]string{"user.a": ""},
		ModTime: time.Unix(-1, 1)}), 1<<40, 0)
	if err != nil {
		t.Fatal(err)
	}
	var keys []string
	for rest := string(raw[BlockSize:]); rest[0] != 0; {
		var n int
		fmt.Sscanf(rest, "%d", &n)
		key, _, _ := strings.Cut(rest, "=")
		keys = append(keys, key[strings.IndexByte(key, ' ')+1:])
		rest = rest[n:]
	}
	want := []string{"SCHILY.xattr.user.a", "gid", "gname", "linkpath", "mtime", "path", "size", "uid", "uname"}
	if !slices.Equal(keys, want) {
		t.Errorf("records %v, want %v", keys, want)
	}
}

func TestNegativeSize(t *testing.T) {
	_, err := AppendHeader(nil, built(t, tree.Entry{Path: "/f"}), -1, 0)
	if err == nil || err.Error() != "the size -1 is negative" {
		t.Errorf("got %v", err)
	}
}

func TestPadding(t *testing.T) {
	for size, want := range map[int64]int{0: 0, 1: 511, 511: 1, 512: 0, 513: 511, 1 << 40: 0, 1<<40 + 5: 507} {
		if got := Padding(size); got != want {
			t.Errorf("Padding(%d) = %d, want %d", size, got, want)
		}
	}
}

// archive/tar reads the fields of the entry from its header.
func FuzzHeader(f *testing.F) {
	f.Add("/a/b", "t", "u", "g", uint32(0), uint32(1<<31), int64(1)<<40, int64(-5), int64(7))
	f.Add(strings.Repeat("/abc", 60), strings.Repeat("x", 101), "ü", "",
		uint32(1<<21), uint32(0), int64(0), int64(1)<<34, int64(0))
	f.Fuzz(func(t *testing.T, path, target, user, group string, uid, gid uint32, size, sec, nsec int64) {
		if size < 0 || sec < -1<<40 || sec > 1<<40 || strings.ContainsAny(user+group+target, "\x00") || target == "" {
			return
		}
		e := tree.Entry{Path: path, User: user, Group: group, UID: uid, GID: gid, ModTime: time.Unix(sec, nsec&0x1fffffff)}
		var b tree.Builder
		if clean, err := tree.Clean(path); err != nil || clean == "/" || b.Rules.OwnerName("/", user, group) != nil {
			return
		}
		readBack(t, built(t, e), size)
		e.Kind, e.Target = tree.Symlink, target
		if b.Add(e) == nil {
			readBack(t, built(t, e), 0)
		}
	})
}
