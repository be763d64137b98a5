package ext4

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/rules-strata/rules_strata/tools/internal/layer/tree"
	"github.com/rules-strata/rules_strata/tools/internal/oci/digest"
	"github.com/rules-strata/rules_strata/tools/internal/rootfs"
	"github.com/rules-strata/rules_strata/tools/internal/rootfs/disk/disktest"
)

// The digests of images of disktest.Layer. e2e/cases/rootfs-images.sh shows that e2fsck accepts and the kernel mounts such
// images.
var goldens = []struct {
	options Options
	digest  string
}{
	{Options{}, "sha256:fb5d139858f6e2432121c812912d73651835c3773124cad04c8c2269bde735e1"},
	{Options{Free: 1 << 20, Label: "sixteen-bytes-ok", UUID: &[16]byte{1, 2, 3}},
		"sha256:f32989099be546d48bc42617527e6860c6d2566a8233f739dff42434ba35cca3"},
	{Options{Size: 130 << 20}, "sha256:82050e29b0c53969edad9ec8f87e4aee39ae9f63dd4fae283fbea39e0e90ba71"},
}

func image(t *testing.T, fs *rootfs.FileSystem, o Options) []byte {
	t.Helper()
	plan, err := New(fs, o)
	return disktest.Bytes(t, fs, plan, err)
}

func TestGolden(t *testing.T) {
	fs := disktest.MergeArchives(t, disktest.Layer(t, disktest.Everything))
	for _, g := range goldens {
		if got := digest.FromBytes(image(t, fs, g.options)); string(got) != g.digest {
			t.Errorf("%+v: the digest is %s", g.options, got)
		}
	}
}

// The superblock has the options, and every copy has the same UUID.
func TestSuperblock(t *testing.T) {
	fs := disktest.Merge(t, "file a data=a")
	data := image(t, fs, Options{Size: 130 << 20, Label: "label"})
	super := data[1024:2048]
	if !bytes.Equal(super[120:136], []byte("label\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00")) {
		t.Errorf("label %q", super[120:136])
	}
	if n := binary.LittleEndian.Uint32(super[4:]); n != 130<<20/4096 {
		t.Errorf("%d blocks", n)
	}
	if bytes.Equal(super[104:120], make([]byte, 16)) {
		t.Error("no UUID")
	}
	for _, group := range []int{1} {
		other := bytes.Clone(data[group<<27 : group<<27+1024])
		if got := binary.LittleEndian.Uint16(other[90:]); int(got) != group {
			t.Errorf("copy in group %d: its number is %d", group, got)
		}
		other[90] = 0
		if !bytes.Equal(other, super) {
			t.Errorf("the copy in group %d differs", group)
		}
	}
	given := [16]byte{1, 2, 3, 4}
	if data := image(t, fs, Options{UUID: &given}); !bytes.Equal(data[1024+104:1024+120], given[:]) {
		t.Errorf("UUID %x", data[1024+104:1024+120])
	}
}

// Without a size, an image has its contents and the free space; with one, it has the size.
func TestSize(t *testing.T) {
	fs := disktest.Merge(t, "file a data=a")
	for _, c := range []struct {
		options Options
		want    int64
	}{
		{Options{}, 1 << 20},
		{Options{Free: 10 << 20}, 11 << 20},
		{Options{Size: 12 << 20}, 12 << 20},
		{Options{Size: 1 << 40}, 1 << 40},
		{Options{Size: 128<<20 + 4096}, 128<<20 + 4096},
	} {
		plan, err := New(fs, c.options)
		if err != nil || plan.Size != c.want {
			t.Errorf("%+v: got %+v, %v", c.options, plan, err)
		}
	}
	for free := int64(0); free < 3<<30; free += 7 << 20 {
		plan, err := New(fs, Options{Free: free})
		if err != nil || plan.Size < free || plan.Size > free+free/50+4<<20 {
			t.Fatalf("%d bytes free: got %+v, %v", free, plan, err)
		}
	}
}

// What the format cannot hold is an error.
func TestLimits(t *testing.T) {
	plain := "file a data=a"
	for _, c := range []struct {
		text    string
		options Options
		want    string
	}{
		{plain, Options{Label: "seventeen bytes !"}, `label "seventeen bytes !": longer than 16 bytes`},
		{plain, Options{Size: 4095}, "size 4095: expected a multiple of 4096"},
		{plain, Options{Free: -1}, "free space -1: expected a number that is not negative"},
		{plain, Options{Size: 1 << 44}, "larger than 16 TiB"},
		{plain, Options{Free: 1 << 45}, "larger than 16 TiB"},
		{plain, Options{Size: 16384}, "the size is 16384 bytes, but the contents need 1048576"},
		{"file lost+found", Options{}, `entry "/lost+found": a file, but ext4 needs a directory of this name`},
		{"file a mtime=-2147483649", Options{}, `entry "/a": the time 1901-12-13 20:45:51 +0000 UTC cannot be stored in ext4`},
		{"file a mtime=15032385536", Options{}, `entry "/a": the time 2446-05-10 22:38:56 +0000 UTC cannot be stored in ext4`},
		{"file a user.x=" + strings.Repeat("v", 4100), Options{},
			`entry "/a": extended attribute "user.x": all attributes of a file must fit into 4148 bytes`},
		{"file a system.other=v", Options{}, `entry "/a": extended attribute "system.other": ext4 has no place for this name`},
		{"file a system.posix_acl_access=v", Options{},
			`entry "/a": extended attribute "system.posix_acl_access": not an access control list`},
	} {
		if _, err := New(disktest.Merge(t, c.text), c.options); err == nil || err.Error() != c.want {
			t.Errorf("%.40s, %+v: got %v", c.text, c.options, err)
		}
	}
	i := inode{File: &rootfs.File{Kind: tree.File, ModTime: time.Unix(0, 0)}, links: maxLinks + 1}
	if err := i.check(); err == nil || err.Error() != "more than 65000 names of one file" {
		t.Errorf("got %v", err)
	}
	i = inode{File: &rootfs.File{Kind: tree.File, ModTime: time.Unix(0, 0), Size: math.MaxUint32*4096 + 1}}
	if err := i.check(); err == nil || err.Error() != "a file of more than 16 TiB" {
		t.Errorf("got %v", err)
	}
	v := &volume{inodes: inodes{{File: new(rootfs.File), number: 40_000_000}}, options: Options{Size: 1 << 30}}
	if err := v.fit(); err == nil || !strings.Contains(err.Error(), "files need") {
		t.Errorf("got %v", err)
	}
}

// A directory that the image has itself is used as it is.
func TestLostAndFound(t *testing.T) {
	all, err := newInodes(disktest.Merge(t, "dir lost+found mode=01777\nfile lost+found/f"))
	if err != nil || len(all) != 3 {
		t.Fatal(all, err)
	}
	if lost := all[1]; lost.number != 11 || lost.Mode != 0o1777 || len(lost.entries) != 1 || lost.links != 2 {
		t.Errorf("got %+v", lost)
	}
}

// Times keep their sign and their nanoseconds.
func TestEncodeTime(t *testing.T) {
	for _, c := range []struct {
		sec, nsec int64
		want      string
	}{
		{0, 0, "0 0"},
		{-1, 999_999_999, fmt.Sprint(uint32(math.MaxUint32), 999_999_999<<2)},
		{math.MinInt32, 0, fmt.Sprint(uint32(1<<31), 0)},
		{math.MaxInt32, 0, fmt.Sprint(math.MaxInt32, 0)},
		{1 << 31, 0, fmt.Sprint(uint32(1<<31), 1)},
		{1<<33 + 5, 7, fmt.Sprint(5, 7<<2|2)},
		{math.MaxInt32 + 3<<32, 0, fmt.Sprint(math.MaxInt32, 3)},
	} {
		seconds, extra := encodeTime(time.Unix(c.sec, c.nsec))
		if got := fmt.Sprint(seconds, extra); got != c.want {
			t.Errorf("%d: got %s, want %s", c.sec, got, c.want)
		}
	}
}

// Blocks are handed out once, and never where copies of the superblock are.
func TestAllocator(t *testing.T) {
	a := newAllocator(12*blocksPerGroup, 12)
	if got := fmt.Sprint(a.backups); got != "[1 3 5 7 9]" {
		t.Errorf("copies in the groups %s", got)
	}
	taken := make(map[int64]bool)
	mark := func(r run) {
		for n := r.start; n < r.start+r.count; n++ {
			group := n / blocksPerGroup
			first := n%blocksPerGroup < 1+a.tables
			if taken[n] || first && (group < 2 || group%2 == 1 && group < 10) {
				t.Fatalf("block %d", n)
			}
			taken[n] = true
		}
	}
	for _, r := range a.take(30_000) {
		mark(r)
	}
	mark(run{a.row(5000), 5000}) // does not fit before the copies in group 1
	for rng := rand.New(rand.NewPCG(1, 2)); a.next < 11*blocksPerGroup; {
		for _, r := range a.take(rng.Int64N(20_000)) {
			mark(r)
		}
		n := rng.Int64N(5000)
		mark(run{a.row(n), n})
	}
	free := int64(0)
	for _, g := range a.gaps {
		mark(g)
		free += g.count
	}
	if len(a.gaps) == 0 {
		t.Error("no gaps")
	}
	if want := a.next - free - int64(len(taken)) + free; want != 2+2*5 {
		t.Errorf("%d blocks are left out", want)
	}
}

// FuzzXattrs encodes attributes with arbitrary names and values.
func FuzzXattrs(f *testing.F) {
	f.Add("user.a", "v", "system.posix_acl_access", "\x02\x00\x00\x00")
	f.Fuzz(func(t *testing.T, name, value, name2, value2 string) {
		if len(name) > 255 || len(name2) > 255 {
			return
		}
		x, err := newXattrs(map[string]string{name: value, name2: value2})
		if err == nil && (len(x.inode) > inodeRoom || len(x.block) > blockSize) {
			t.Errorf("%d and %d bytes", len(x.inode), len(x.block))
		}
	})
}
