package cpio

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/rules-strata/rules_strata/tools/internal/layer/tree"
	"github.com/rules-strata/rules_strata/tools/internal/oci/digest"
	"github.com/rules-strata/rules_strata/tools/internal/rootfs"
	"github.com/rules-strata/rules_strata/tools/internal/rootfs/disk/disktest"
)

// golden is the digest of the archive of disktest.Layer.
const golden = "sha256:2adb8a56d197532549d6a02e6ca3043c38264e00fbe3cca1a44bf599343d1835"

func archive(t *testing.T, fs *rootfs.FileSystem) []byte {
	t.Helper()
	plan, err := New(fs, Options{})
	return disktest.Bytes(t, fs, plan, err)
}

func TestGolden(t *testing.T) {
	if got := digest.FromBytes(archive(t, disktest.MergeArchives(t, disktest.Layer(t, disktest.Beyond{})))); got != golden {
		t.Errorf("the digest is %s", got)
	}
}

// member is an entry as the format's description (cpio(5), "New ASCII Format") lets one read it.
type member struct {
	name   string
	fields [13]uint64
	data   []byte
}

// The fields of a header that the test reads.
const (
	ino = iota
	mode
	uid
	gid
	nlink
	mtime
	size
	_
	_
	major
	minor
	nameSize
	checksum
)

// unpack reads an archive.
func unpack(t *testing.T, data []byte) []member {
	t.Helper()
	var all []member
	if len(data)%512 != 0 {
		t.Errorf("the size is %d", len(data))
	}
	aligned := func(n uint64) uint64 { return (n + 3) &^ 3 }
	for at := uint64(0); ; {
		h := data[at : at+110]
		if string(h[:6]) != "070701" {
			t.Fatalf("magic %q at %d", h[:6], at)
		}
		var m member
		for i := range m.fields {
			n, err := strconv.ParseUint(string(h[6+8*i:14+8*i]), 16, 32)
			if err != nil {
				t.Fatal(err)
			}
			m.fields[i] = n
		}
		name := data[at+110 : at+110+m.fields[nameSize]]
		if name[len(name)-1] != 0 || m.fields[checksum] != 0 {
			t.Fatalf("name %q, check sum %d", name, m.fields[checksum])
		}
		m.name = string(name[:len(name)-1])
		at = aligned(at + 110 + m.fields[nameSize])
		m.data = data[at : at+m.fields[size]]
		at = aligned(at + m.fields[size])
		if m.name == trailer {
			if len(bytes.Trim(data[at:], "\x00")) > 0 {
				t.Error("data behind the end")
			}
			return all
		}
		all = append(all, m)
	}
}

// list lists an archive as disktest.List does a file system. Symlinks with several names are different files.
func list(t *testing.T, data []byte) string {
	t.Helper()
	var b strings.Builder
	letters := map[uint64]string{0o10: "f", 0o04: "d", 0o12: "l", 0o02: "c", 0o06: "b", 0o01: "p"}
	first := make(map[uint64]string)
	contents := make(map[uint64][]byte)
	members := unpack(t, data)
	for _, m := range members {
		if len(m.data) > 0 {
			contents[m.fields[ino]] = m.data
		}
	}
	for _, m := range members {
		path, n, sum, link := "/"+m.name, "-", "-", "-"
		if m.name == "." {
			path = "/"
		}
		kind := letters[m.fields[mode]>>12]
		if other := first[m.fields[ino]]; other != "" {
			link = other
		} else {
			first[m.fields[ino]] = path
		}
		switch kind {
		case "f":
			data := contents[m.fields[ino]]
			n, sum = fmt.Sprint(len(data)), digest.FromBytes(data).Encoded()[:12]
		case "l":
			link = string(m.data)
		case "c", "b":
			n = fmt.Sprintf("%d,%d", m.fields[major], m.fields[minor])
		}
		if kind != "f" && kind != "l" {
			link = "-"
		}
		fmt.Fprintln(&b, path, kind, fmt.Sprintf("%04o", m.fields[mode]&0o7777), m.fields[uid], m.fields[gid], n,
			m.fields[mtime], sum, link, "-")
	}
	return b.String()
}

// An archive has what the file system has.
func TestRandom(t *testing.T) {
	rng := rand.New(rand.NewPCG(5, 6))
	stacks := 0
	for range 300 {
		fs, _ := disktest.Stack(t, rng)
		if fs == nil {
			continue
		}
		stacks++
		var want strings.Builder
		for line := range strings.Lines(disktest.List(t, fs)) {
			fields := strings.Fields(line)
			switch fields[1] {
			case "l":
				fields[2] = "0777"
			case "c":
				fields[8] = "-"
			}
			want.WriteString(strings.Join(fields, " ") + "\n")
		}
		if got := list(t, archive(t, fs)); got != want.String() {
			t.Fatalf("got\n%swant\n%s", got, &want)
		}
	}
	if stacks < 100 {
		t.Errorf("only %d of the stacks merge", stacks)
	}
}

// The content is at the last name, and all names have the number of links.
func TestHardLinks(t *testing.T) {
	fs := disktest.Merge(t, "file a data=content\nlink b to=a\nlink c to=a\nsymlink s to=t\nlink s2 to=s\ndir d")
	var got []string
	for _, m := range unpack(t, archive(t, fs)) {
		got = append(got, fmt.Sprintf("%s %d %d %q", m.name, m.fields[ino], m.fields[nlink], m.data))
	}
	want := `. 1 1 "",a 2 3 "",b 2 3 "",c 2 3 "content",d 3 1 "",s 4 2 "t",s2 4 2 "t"`
	if strings.Join(got, ",") != want {
		t.Errorf("got  %s\nwant %s", strings.Join(got, ","), want)
	}
}

func TestXattrs(t *testing.T) {
	fs := disktest.Merge(t, "file a user.x=1 data=a")
	if _, err := New(fs, Options{}); !errors.Is(err, ErrXattrs) || !strings.HasPrefix(err.Error(), `entry "/a": `) {
		t.Errorf("got %v", err)
	}
	plan, err := New(fs, Options{DropXattrs: true})
	data := disktest.Bytes(t, fs, plan, err)
	if plain := archive(t, disktest.Merge(t, "file a data=a")); !bytes.Equal(data, plain) {
		t.Error("the attributes leave a trace")
	}
}

// What the format cannot hold is an error.
func TestLimits(t *testing.T) {
	for _, c := range []struct{ text, want string }{
		{"file a mtime=-1", "1969-12-31"},
		{"file a mtime=4294967296", "2106-02-07 06:28:16"},
		{"file TRAILER!!! data=x", "marks the end"},
	} {
		if _, err := New(disktest.Merge(t, c.text), Options{}); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: got %v", c.text, err)
		}
	}
	e := rootfs.Entry{Path: "/big", File: &rootfs.File{Kind: tree.File, Size: 1 << 32, ModTime: time.Unix(0, 0)}}
	if err := check(e, Options{}); err == nil || err.Error() != "4294967296 bytes are too many for a cpio archive" {
		t.Errorf("got %v", err)
	}
	e.File.Size, e.File.ModTime = 1<<32-1, time.Unix(1<<32-1, 0)
	if err := check(e, Options{}); err != nil {
		t.Error(err)
	}
	if fs := disktest.Merge(t, "file d/TRAILER!!! data=x"); len(unpack(t, archive(t, fs))) != 3 {
		t.Error("a file in a directory has the name of the end")
	}
}
