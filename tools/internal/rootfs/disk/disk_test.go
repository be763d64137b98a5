package disk_test

import (
	"bytes"
	"errors"
	"io"
	"os"
	"path/filepath"
	"testing"

	"github.com/rules-strata/rules_strata/tools/internal/layer/tree"
	"github.com/rules-strata/rules_strata/tools/internal/rootfs"
	"github.com/rules-strata/rules_strata/tools/internal/rootfs/disk"
	"github.com/rules-strata/rules_strata/tools/internal/rootfs/disk/disktest"
)

// Contents go to their extents, only wanted ones are read, and the UUID depends on everything.
func TestWrite(t *testing.T) {
	fs := disktest.Merge(t, "file a data=abcdef\nfile b data=ghi\nfile c data=jkl")
	files := make(map[string]*rootfs.File)
	for _, e := range fs.Entries() {
		files[e.Path] = e.File
	}
	write := func(meta string) []byte {
		p := disk.Plan{
			Size: 64,
			Metadata: func(w io.WriterAt) error {
				_, err := w.WriteAt([]byte(meta), 60)
				return err
			},
			Contents: map[*rootfs.File][]disk.Extent{
				files["/a"]: {{From: 1, To: 20, Size: 2}, {From: 4, To: 10, Size: 2}},
				files["/c"]: {{From: 0, To: 0, Size: 3}},
			},
			UUIDs: []int64{24, 40},
		}
		f, err := os.Create(filepath.Join(t.TempDir(), "f"))
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		if err := p.Write(t.Context(), fs, f); err != nil {
			t.Fatal(err)
		}
		data, err := os.ReadFile(f.Name())
		if err != nil {
			t.Fatal(err)
		}
		return data
	}
	one, two := write("meta"), write("META")
	uuid := one[24:40]
	if !bytes.Equal(uuid, one[40:56]) || uuid[6]>>4 != 8 || uuid[8]>>6 != 2 || bytes.Equal(uuid, two[24:40]) {
		t.Errorf("UUIDs %x %x, of other metadata %x", uuid, one[40:56], two[24:40])
	}
	clear(one[24:56])
	want := make([]byte, 64)
	copy(want, "jkl")
	copy(want[10:], "ef")
	copy(want[20:], "bc")
	copy(want[60:], "meta")
	if !bytes.Equal(one, want) {
		t.Errorf("got  %q\nwant %q", one, want)
	}
}

// A plan that promises more than the file system has, or fails to write, is an error.
func TestWriteFails(t *testing.T) {
	fs := disktest.Merge(t, "file a data=abc")
	broken := errors.New("broken")
	for name, p := range map[string]disk.Plan{
		"too much": {Metadata: func(io.WriterAt) error { return nil },
			Contents: map[*rootfs.File][]disk.Extent{fs.Entries()[1].File: {{Size: 4}}}},
		"too far": {Metadata: func(io.WriterAt) error { return nil },
			Contents: map[*rootfs.File][]disk.Extent{fs.Entries()[1].File: {{From: 4, Size: 1}}}},
		"metadata": {Metadata: func(io.WriterAt) error { return broken }},
		"size":     {Size: -1},
	} {
		f, err := os.Create(filepath.Join(t.TempDir(), "f"))
		if err != nil {
			t.Fatal(err)
		}
		if err := p.Write(t.Context(), fs, f); err == nil {
			t.Errorf("%s: no error", name)
		}
		f.Close()
	}
}

// recorder records all writes.
type recorder map[int64]string

func (r recorder) WriteAt(p []byte, at int64) (int, error) {
	r[at] = string(p)
	return len(p), nil
}

// Blocks of zeros are not written.
func TestWriteSparse(t *testing.T) {
	data := make([]byte, 5*rootfs.BlockSize+3)
	data[0], data[2*rootfs.BlockSize+1], data[3*rootfs.BlockSize], data[len(data)-1] = 1, 1, 1, 1
	r := make(recorder)
	if err := disk.WriteSparse(r, 7, data); err != nil {
		t.Fatal(err)
	}
	b := int64(rootfs.BlockSize)
	for at, want := range map[int64][]byte{7: data[:b], 7 + 2*b: data[2*b : 4*b], 7 + 5*b: data[5*b:]} {
		if r[at] != string(want) {
			t.Errorf("%d: %d bytes", at, len(r[at]))
		}
	}
	if len(r) != 3 {
		t.Errorf("%d writes", len(r))
	}
}

func TestMode(t *testing.T) {
	for f, want := range map[*rootfs.File]uint32{
		{Kind: tree.File, Mode: 0o4755}:       0o104755,
		{Kind: tree.Dir, Mode: 0o1777}:        0o041777,
		{Kind: tree.Symlink, Mode: 0o644}:     0o120777,
		{Kind: tree.FIFO, Mode: 0o600}:        0o010600,
		{Kind: tree.CharDevice, Mode: 0o666}:  0o020666,
		{Kind: tree.BlockDevice, Mode: 0o660}: 0o060660,
	} {
		if got := disk.Mode(f); got != want {
			t.Errorf("%s: %o, want %o", f.Kind, got, want)
		}
	}
	if got := disk.Device(&rootfs.File{Major: 0xabc, Minor: 0x12345}); got != 0x123abc45 {
		t.Errorf("device number %#x", got)
	}
}
