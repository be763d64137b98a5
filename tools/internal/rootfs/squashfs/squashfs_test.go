package squashfs

import (
	"archive/tar"
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/rules-strata/rules_strata/tools/internal/layer/compress"
	"github.com/rules-strata/rules_strata/tools/internal/layer/tree"
	"github.com/rules-strata/rules_strata/tools/internal/oci"
	"github.com/rules-strata/rules_strata/tools/internal/oci/digest"
	"github.com/rules-strata/rules_strata/tools/internal/rootfs"
	"github.com/rules-strata/rules_strata/tools/internal/rootfs/disk/disktest"
	"github.com/rules-strata/rules_strata/tools/internal/rootfs/internal/rootfstest"
)

var (
	zstd3 = compress.Format{Codec: oci.Zstd, Level: 3}
	gzip6 = compress.Format{Codec: oci.Gzip, Level: 6}
)

// write returns the image of fs.
func write(t testing.TB, fs *rootfs.FileSystem, format compress.Format) []byte {
	t.Helper()
	m, err := New(fs, format)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	f, err := os.Create(filepath.Join(dir, "image"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if err := m.Write(t.Context(), fs, f); err != nil {
		t.Fatal(err)
	}
	if left, err := os.ReadDir(dir); err != nil || len(left) != 1 {
		t.Errorf("left are %v, %v", left, err)
	}
	data, err := os.ReadFile(f.Name())
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// want returns the lines of fs, as list returns those of its image.
func want(t *testing.T, fs *rootfs.FileSystem) string {
	t.Helper()
	var lines []string
	for line := range strings.Lines(disktest.List(t, fs)) {
		fields := strings.Fields(line)
		if fields[1] == "l" {
			fields[2] = "0777"
		}
		lines = append(lines, strings.Join(fields, " ")+"\n")
	}
	slices.Sort(lines)
	return strings.Join(lines, "")
}

func limits(t *testing.T) *rootfs.FileSystem {
	return disktest.MergeArchives(t, disktest.Layer(t, disktest.Beyond{Xattrs: true}))
}

// The digests are those of the images of limits. e2e/cases/rootfs-images.sh shows that the kernel mounts and unsquashfs
// unpacks such images.
func TestGolden(t *testing.T) {
	fs := limits(t)
	for format, golden := range map[compress.Format]digest.Digest{
		zstd3:                        "sha256:ec6136873fd1da4b0fe518d8381fd5b774fdfb2c1641ac3e30b42aad20fe5e56",
		gzip6:                        "sha256:c551303af28c4118d691bdb1a8ce89c7036c9c517fec723a652084e84b3aa0f9",
		{Codec: oci.Zstd, Level: 1}:  "sha256:5b817908486d00d4a6f74960bb91b04fc4a4c9650c15dc9b607c3356ce68379a",
		{Codec: oci.Zstd, Level: 7}:  "sha256:e19fee5e2e199206d6142687a14ce8842a8fdb725240947954c7e3be65af4652",
		{Codec: oci.Zstd, Level: 19}: "sha256:2b90b1644a51e8b4fd1996fd9a38fd9845c58b75966c4a1f6281e8d7ba2fd9af",
		{Codec: oci.Gzip, Level: 9}:  "sha256:5e30b9f42b343266009351a87e55bf8f46ad805d6c38dace213885ee89bbae3b",
	} {
		data := write(t, fs, format)
		if got := digest.FromBytes(data); got != golden {
			t.Errorf("%v: the digest is %s", format, got)
		}
		if got, want := list(t, data), want(t, fs); got != want {
			t.Errorf("%v: got\n%swant\n%s", format, got, want)
		}
	}
}

// Neither the number of processors nor the layers have an effect.
func TestSameBytes(t *testing.T) {
	layer := disktest.Layer(t, disktest.Beyond{Xattrs: true})
	fs := disktest.MergeArchives(t, layer)
	many := write(t, fs, zstd3)
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	if !bytes.Equal(write(t, fs, zstd3), many) {
		t.Error("one processor makes other bytes")
	}
	one := write(t, disktest.Merge(t, "file a data=a\nfile b data=b\nfile c data=c\ndir d"), gzip6)
	two := write(t, disktest.Merge(t, "file c data=c\ndir d\nfile b data=x", "file b data=b\nfile a data=a"), gzip6)
	if !bytes.Equal(one, two) {
		t.Error("other layers make other bytes")
	}
}

func TestRandom(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 4))
	stacks := 0
	for range 300 {
		fs, _ := disktest.Stack(t, rng)
		if fs == nil {
			continue
		}
		stacks++
		if got, want := list(t, write(t, fs, zstd3)), want(t, fs); got != want {
			t.Fatalf("got\n%swant\n%s", got, want)
		}
	}
	if stacks < 100 {
		t.Errorf("only %d of the stacks merge", stacks)
	}
}

// Directories of many blocks of metadata, whose inodes have numbers that are far apart.
func TestDirectories(t *testing.T) {
	var b strings.Builder
	for i := range 8_000 {
		fmt.Fprintf(&b, "file many/%05d-%s uid=%d\n", i, strings.Repeat("n", i%200), i%7)
	}
	for i := range 300 {
		fmt.Fprintf(&b, "link far/%05d to=many/%05d-%s\n", i*26, i*26, strings.Repeat("n", i*26%200))
		fmt.Fprintf(&b, "file far/%05d-own data=%d\n", i*26, i)
	}
	b.WriteString("dir empty\ndir empty/inner user.a=b")
	fs := disktest.Merge(t, b.String())
	data := write(t, fs, zstd3)
	if got := list(t, data); got != want(t, fs) {
		t.Error("the list differs")
	}
	m := open(t, data)
	root := m.inode(m.at.root)
	many := m.inode(m.find(root, "many").ref)
	if len(many.index) < 100 || many.size < 1<<19 {
		t.Errorf("a directory of %d bytes, %d entries in its index", many.size, len(many.index))
	}
	if far := m.inode(m.find(root, "far").ref); len(far.index) == 0 {
		t.Error("no index")
	}
}

// Files share their blocks if their contents are equal, and only then.
func TestShared(t *testing.T) {
	big := strings.Repeat("a long text, ", 30_000)
	other := big[:len(big)-1] + "!"
	m := open(t, write(t, disktest.Merge(t, "file a data="+strings.ReplaceAll(big, " ", "_")+"\nfile b data="+
		strings.ReplaceAll(other, " ", "_")+"\nfile c uid=7 data="+strings.ReplaceAll(big, " ", "_")+
		"\nfile small data=x\nfile small2 data=x\nfile small3 data=y"), gzip6))
	root := m.inode(m.at.root)
	at := func(name string) string {
		s := m.inode(m.find(root, name).ref)
		return fmt.Sprint(s.start, s.fragment, s.offset)
	}
	if at("a") != at("c") || at("a") == at("b") || at("small") != at("small2") || at("small") == at("small3") {
		t.Errorf("%s, %s, %s; %s, %s, %s", at("a"), at("b"), at("c"), at("small"), at("small2"), at("small3"))
	}
}

// Files in an image of more than 4 GiB.
func TestFar(t *testing.T) {
	m := &Image{owner: map[uint32]uint16{0: 0}}
	i := &inode{File: &rootfs.File{Kind: tree.File, Size: 5 << 30}, xattr: none, links: 1,
		data: content{start: 1 << 40, blocks: []spooled{{size: 7}}}}
	b := m.encode(i)
	le := binary.LittleEndian
	if le.Uint16(b) != 9 || le.Uint64(b[16:]) != 1<<40 || le.Uint64(b[24:]) != 5<<30 || le.Uint32(b[40:]) != 1 ||
		le.Uint32(b[44:]) != none || le.Uint32(b[52:]) != none || le.Uint32(b[56:]) != 7 {
		t.Errorf("got %x", b)
	}
}

// What the format cannot hold is an error.
func TestLimits(t *testing.T) {
	var owners strings.Builder
	for i := range 32_768 {
		fmt.Fprintf(&owners, "file d/%d uid=%d gid=%d\n", i, 1+i, 100_000+i)
	}
	long := strings.Repeat("l", 70_000)
	for _, c := range []struct{ text, want string }{
		{"file a mtime=-1", `entry "/a": the time 1969-12-31 23:59:59 +0000 UTC cannot be stored in SquashFS`},
		{"file a mtime=4294967296", `entry "/a": the time 2106-02-07 06:28:16 +0000 UTC cannot be stored in SquashFS`},
		{"file a system.posix_acl_access=v",
			`entry "/a": extended attribute "system.posix_acl_access": SquashFS has no place for this name`},
		{"file a user.x=" + long[:65537],
			`entry "/a": extended attribute "user.x": the value has 65537 bytes, Linux supports 65536`},
		{owners.String(), `entry "/d/9999": SquashFS stores 65535 different numbers of users and groups at most`},
	} {
		if _, err := New(disktest.Merge(t, c.text), zstd3); err == nil || err.Error() != c.want {
			t.Errorf("%.40s: got %v", c.text, err)
		}
	}
	if _, err := New(disktest.Merge(t), compress.Format{Codec: oci.Uncompressed}); err == nil {
		t.Error("no error without compression")
	}
	most := disktest.Merge(t, "file a mtime=4294967295 uid=4294967295 gid=4294967294 user.x="+long[:65536],
		"symlink b mtime=0 to="+long[:4095], strings.Join(slices.Collect(strings.Lines(owners.String()))[:32_766], ""))
	if got := list(t, write(t, most, zstd3)); got != want(t, most) {
		t.Error("the largest metadata differ")
	}
}

// A failure to write ends everything.
func TestWriteFails(t *testing.T) {
	fs := limits(t)
	m, err := New(fs, zstd3)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "image"), nil, 0o666); err != nil {
		t.Fatal(err)
	}
	f, err := os.Open(filepath.Join(dir, "image"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if err := m.Write(t.Context(), fs, f); !errors.Is(err, os.ErrPermission) && (err == nil || !strings.Contains(err.Error(), "bad file descriptor")) {
		t.Errorf("read-only: got %v", err)
	}
	broken := errors.New("broken")
	p := newPool([]packer{func(b []byte) ([]byte, bool) { return b, true }}, func([]byte, uint32, *spooled) error { return broken })
	for range 100 {
		j := p.next()
		j.block = append(j.block, 'x')
		p.send(j, nil)
	}
	if err := p.wait(); err != broken {
		t.Errorf("pool: got %v", err)
	}
	if left, err := os.ReadDir(dir); err != nil || len(left) != 1 {
		t.Errorf("left are %v, %v", left, err)
	}
}

// FuzzImage reads images with arbitrary names, contents and attributes.
func FuzzImage(f *testing.F) {
	f.Add("a/b", "c", []byte("content"), uint32(3), "user.a", "v", int64(1000), 7)
	f.Add("d", "d/e", []byte{0}, uint32(200_000), "trusted.overlay.opaque", "y", int64(1<<32-1), 1<<32-1)
	f.Add("d", "e", []byte{1, 0}, uint32(131_072), "system.posix_acl_access", "y", int64(-1), 0)
	f.Fuzz(func(t *testing.T, one, two string, data []byte, size uint32, name, value string, mtime int64, uid int) {
		var b bytes.Buffer
		w := tar.NewWriter(&b)
		data = bytes.Repeat(append(data, 0), int(size%500_000)/(len(data)+1)+1)
		for _, h := range []*tar.Header{
			{Name: one, Size: int64(len(data)), Uid: uid, ModTime: time.Unix(mtime, 0)},
			{Name: two, Size: int64(len(data)), PAXRecords: map[string]string{"SCHILY.xattr." + name: value}},
			{Name: "link", Typeflag: tar.TypeLink, Linkname: one},
			{Name: "symlink", Typeflag: tar.TypeSymlink, Linkname: two},
		} {
			if w.WriteHeader(h) != nil {
				return
			}
			if h.Size > 0 {
				w.Write(data)
			}
		}
		w.Close()
		root, blobs, err := rootfstest.Image(t.Context(), b.Bytes())
		if err != nil {
			return
		}
		fs, err := rootfs.Image(t.Context(), blobs, root)
		if err != nil {
			return
		}
		if _, err := New(fs, gzip6); err != nil {
			return
		}
		m := open(t, write(t, fs, gzip6))
		if len(m.lines) != len(fs.Entries()) {
			t.Errorf("%d entries, want %d", len(m.lines), len(fs.Entries()))
		}
		digests, err := fs.Digests(t.Context(), nil)
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range fs.Entries() {
			if sum := digests[e.File]; sum != "" && !strings.Contains(strings.Join(m.lines, ""), sum.Encoded()[:12]) {
				t.Errorf("%s: the content differs", e.Path)
			}
		}
	})
}
