package rootfstest

import (
	"archive/tar"
	"bytes"
	"cmp"
	"fmt"
	"math/rand/v2"
	"strings"
	"time"
)

// Beyond states which metadata the result of [Limits] has that not every format can hold.
type Beyond struct {
	Times  bool // before 1970 and after 2106
	Xattrs bool
	ACLs   bool // with Xattrs
}

// Limits returns a tar of entries of all kinds, with metadata at and beyond the limits of old formats. It is the same on
// every machine.
func Limits(o Beyond) ([]byte, error) {
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	var failed error
	put := func(h tar.Header, data []byte) {
		if h.Typeflag == 0 {
			h.Typeflag = tar.TypeReg
		}
		if h.ModTime.IsZero() {
			h.ModTime = time.Unix(1000, 0)
		}
		h.Size = int64(len(data))
		if h.Mode == 0 {
			h.Mode = 0o644
		}
		if !o.Xattrs {
			h.PAXRecords = nil
		} else {
			h.Format = tar.FormatPAX
		}
		err := w.WriteHeader(&h)
		if err == nil {
			_, err = w.Write(data)
		}
		failed = cmp.Or(failed, err)
	}
	put(tar.Header{Name: "./", Typeflag: tar.TypeDir, Mode: 0o711, Uid: 1, Gid: 2}, nil)
	for _, name := range []string{"dev/", "directory/", "holes/", "names/", "sizes/", "xattrs/"} {
		put(tar.Header{Name: name, Typeflag: tar.TypeDir, Mode: 0o755}, nil)
	}
	put(tar.Header{Name: "owners", Uid: 70000, Gid: 1 << 31, Mode: 0o4755}, []byte("x"))
	put(tar.Header{Name: "fine", ModTime: time.Unix(1<<31, 999_999_999)}, []byte("fine"))
	if o.Times {
		put(tar.Header{Name: "early", ModTime: time.Unix(-1<<31, 0)}, nil)
		put(tar.Header{Name: "late", ModTime: time.Unix(1<<33, 0)}, nil)
	}
	for _, n := range []int{59, 60, 4000} {
		put(tar.Header{Name: fmt.Sprint("symlink-", n), Typeflag: tar.TypeSymlink, Linkname: strings.Repeat("l", n)}, nil)
	}
	put(tar.Header{Name: "symlink-again", Typeflag: tar.TypeLink, Linkname: "symlink-60"}, nil)
	put(tar.Header{Name: "names/" + strings.Repeat("n", 255)}, []byte("long"))
	put(tar.Header{Name: "names/ü!"}, []byte("utf-8"))
	put(tar.Header{Name: "owners-again", Typeflag: tar.TypeLink, Linkname: "owners"}, nil)
	put(tar.Header{Name: "dev/small", Typeflag: tar.TypeChar, Devmajor: 5, Devminor: 1}, nil)
	put(tar.Header{Name: "dev/big", Typeflag: tar.TypeBlock, Devmajor: 259, Devminor: 70000}, nil)
	put(tar.Header{Name: "dev/pipe", Typeflag: tar.TypeFifo}, nil)
	xattrs := func(sizes ...int) map[string]string {
		all := map[string]string{"SCHILY.xattr.security.capability": "\x01\x00\x00\x02\x00\x04" + strings.Repeat("\x00", 14)}
		for i, n := range sizes {
			all[fmt.Sprint("SCHILY.xattr.user.", i)] = strings.Repeat("v", n)
		}
		return all
	}
	put(tar.Header{Name: "xattrs/few", PAXRecords: xattrs()}, []byte("few"))
	put(tar.Header{Name: "xattrs/many", PAXRecords: xattrs(0, 1, 30, 500, 3000)}, []byte("many"))
	put(tar.Header{Name: "xattrs/dir", Typeflag: tar.TypeDir, Mode: 0o1777, PAXRecords: xattrs(100)}, nil)
	acl := map[string]string{
		"SCHILY.xattr.system.posix_acl_access": "\x02\x00\x00\x00\x01\x00\x06\x00\xff\xff\xff\xff\x02\x00\x04\x00\x0a\x00\x00\x00" +
			"\x04\x00\x04\x00\xff\xff\xff\xff\x10\x00\x04\x00\xff\xff\xff\xff\x20\x00\x00\x00\xff\xff\xff\xff",
	}
	if !o.ACLs {
		acl = nil
	}
	put(tar.Header{Name: "xattrs/acl", Mode: 0o640, PAXRecords: acl}, nil)
	rng := rand.New(rand.NewPCG(1, 2))
	for _, n := range []int{4095, 4096, 4097, 100_000} {
		data := make([]byte, n)
		for i := range data {
			data[i] = byte(rng.Uint32() | 1)
		}
		put(tar.Header{Name: fmt.Sprint("sizes/", n)}, data)
	}
	holes := make([]byte, 3_000_001) // 366 runs: more than a block of an extent tree has
	for at := 0; at+4096 <= len(holes); at += 8192 {
		holes[at+rng.IntN(4096)] = 1
	}
	put(tar.Header{Name: "holes/many"}, holes)
	put(tar.Header{Name: "holes/only"}, make([]byte, 10_000))
	put(tar.Header{Name: "holes/end"}, append([]byte("begin"), make([]byte, 20_000)...))
	for i := range 700 {
		put(tar.Header{Name: fmt.Sprintf("directory/with-many-entries-%03d", i)}, nil)
	}
	failed = cmp.Or(failed, w.Close())
	return b.Bytes(), failed
}

// Random returns between one and four random layers, which may not merge.
func Random(rng *rand.Rand) ([][]byte, error) {
	var layers [][]byte
	for range 1 + rng.IntN(4) {
		layer, err := Archive(random(rng))
		if err != nil {
			return nil, err
		}
		layers = append(layers, layer)
	}
	return layers, nil
}

// random returns the text of a layer with random entries over few paths, so that layers interfere with each other.
func random(rng *rand.Rand) string {
	var b strings.Builder
	name := func() string {
		names := []string{"a", "b", "c", "d/a", "d/b", "d/e/a", "d/e/b", "d", "d/e", "f"}
		return names[rng.IntN(len(names))]
	}
	for range 2 + rng.IntN(8) {
		path, kind := name(), rng.IntN(8)
		if isDir := path == "d" || path == "d/e"; isDir && kind != 6 && rng.IntN(8) > 0 || kind == 5 && rng.IntN(3) > 0 {
			// Most other entries for a directory, and most hard links, would make the layers invalid.
			kind = 3
			path = []string{"d", "d/e"}[rng.IntN(2)]
		}
		switch kind {
		case 0, 1, 2:
			fmt.Fprintf(&b, "file %s mode=%o uid=%d data=%d\n", path, rng.IntN(0o1000), rng.IntN(3), rng.IntN(1000))
		case 3:
			fmt.Fprintf(&b, "dir %s mode=0%o mtime=%d\n", path, rng.IntN(0o1000), rng.IntN(5000))
		case 4:
			fmt.Fprintf(&b, "symlink %s to=%s\n", path, []string{"d", "/d/e", "x"}[rng.IntN(3)])
		case 5:
			fmt.Fprintf(&b, "link %s to=%s\n", path, name())
		case 6:
			if i := strings.LastIndexByte(path, '/') + 1; rng.IntN(4) > 0 {
				fmt.Fprintf(&b, "file %s.wh.%s\n", path[:i], path[i:])
			} else {
				fmt.Fprintf(&b, "file %s/.wh..wh..opq\n", path)
			}
		case 7:
			fmt.Fprintf(&b, "char %s major=%d minor=%d\n", path, 1+rng.IntN(9), rng.IntN(9))
		}
	}
	return b.String()
}
