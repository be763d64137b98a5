package ldcache

import (
	"archive/tar"
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/rules-strata/rules_strata/tools/internal/image/imagetest"
	"github.com/rules-strata/rules_strata/tools/internal/oci"
	"github.com/rules-strata/rules_strata/tools/internal/rootfs"
)

// library returns a minimal shared library: an ELF header, two program headers, a dynamic section and a table of texts.
func library(machine uint16, soname string) string {
	const (
		header, program = 64, 56
		dynamic         = header + 2*program
		table           = dynamic + 3*16
		base            = 0x1000
	)
	le := binary.LittleEndian
	b := make([]byte, table, table+len(soname)+2)
	copy(b, "\x7fELF\x02\x01\x01")
	le.PutUint16(b[16:], 3) // ET_DYN
	le.PutUint16(b[18:], machine)
	le.PutUint32(b[20:], 1)
	le.PutUint64(b[32:], header)
	le.PutUint16(b[52:], header)
	le.PutUint16(b[54:], program)
	le.PutUint16(b[56:], 2)
	size := uint64(table + len(soname) + 2)
	for n, segment := range [][4]uint64{{1, 0, base, size}, {2, dynamic, base + dynamic, 3 * 16}} { // PT_LOAD, PT_DYNAMIC
		p := b[header+n*program:]
		le.PutUint32(p, uint32(segment[0]))
		le.PutUint64(p[8:], segment[1])
		le.PutUint64(p[16:], segment[2])
		le.PutUint64(p[32:], segment[3])
		le.PutUint64(p[40:], segment[3])
	}
	entries := []uint64{14, 1, 5, base + table, 0, 0} // DT_SONAME, DT_STRTAB, DT_NULL
	if soname == "" {
		entries = []uint64{5, base + table, 0, 0, 0, 0}
	}
	for n, value := range entries {
		le.PutUint64(b[dynamic+8*n:], value)
	}
	return string(b) + "\x00" + soname + "\x00"
}

// fileSystem returns the file system of a layer.
func fileSystem(t *testing.T, files ...imagetest.File) *rootfs.FileSystem {
	t.Helper()
	store := make(imagetest.Store)
	fsys, err := rootfs.Merge(t.Context(), store, []oci.Descriptor{store.Add(oci.MediaTypeLayer, imagetest.Tar(t, files...))})
	if err != nil {
		t.Fatal(err)
	}
	return fsys
}

func link(name, target string) imagetest.File {
	return imagetest.File{Name: name, Type: tar.TypeSymlink, Link: target}
}

const amd64, arm64 = 62, 183

// The rules for links and several files with one SONAME are those of ldconfig 2.36, with which e2e/cases/scratch.sh compares.
func TestFind(t *testing.T) {
	z := library(amd64, "libz.so.1")
	fsys := fileSystem(t,
		link("lib", "usr/lib"),
		imagetest.File{Name: "usr/lib/libz.so.1.3", Data: z},
		link("usr/lib/libz.so.1", "libz.so.1.3"),
		link("usr/lib/libz.so", "libz.so.1"),
		link("usr/lib/libdangling.so.1", "nowhere"),
		imagetest.File{Name: "usr/lib/libscript.so", Data: "INPUT(libz.so.1)"},
		imagetest.File{Name: "usr/lib/notlib.so", Data: z},
		imagetest.File{Name: "usr/lib/libx.so.1-gdb.py", Data: z},
		imagetest.File{Name: "usr/lib/libnoname.so.2", Data: library(amd64, "")},
		imagetest.File{Name: "usr/lib/libpath.so.2", Data: library(amd64, "../x")},
		imagetest.File{Name: "usr/lib/ld-linux.so.2", Data: library(arm64, "ld-linux.so.2")},
		imagetest.File{Name: "opt/a/libz.so.1.2.9", Data: z},
		imagetest.File{Name: "opt/a/libz.so.1.2.10", Data: z},
		link("opt/a/libother.so.7", "libz.so.1.2.9"),
		imagetest.File{Name: "opt/b", Data: "not a directory"},
		imagetest.File{Name: "opt/last/libs390.so.1", Data: library(22, "libs390.so.1")},
	)
	found, err := Find(t.Context(), fsys, []string{"/opt/a", "/usr/lib", "/opt/b", "/opt/last", "/lib", "/none"}, t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	want := []Library{
		{"libz.so.1", "/opt/a/libz.so.1", flagX8664},
		{"ld-linux.so.2", "/usr/lib/ld-linux.so.2", flagAArch64},
		{"libnoname.so.2", "/usr/lib/libnoname.so.2", flagX8664},
		{"libpath.so.2", "/usr/lib/libpath.so.2", flagX8664},
		{"libz.so", "/usr/lib/libz.so", flagX8664},
		{"libz.so.1", "/usr/lib/libz.so.1", flagX8664},
	}
	if !reflect.DeepEqual(found.Libraries, want) {
		t.Errorf("got %v\nwant %v", found.Libraries, want)
	}
	if want := map[string]string{"/opt/a/libz.so.1": "libz.so.1.2.10"}; !maps.Equal(found.Links, want) {
		t.Errorf("got links %v, want %v", found.Links, want)
	}
}

func TestDirs(t *testing.T) {
	fsys := fileSystem(t,
		imagetest.File{Name: "etc/ld.so.conf", Data: "include ld.so.conf.d/*.conf # all\n/opt/last\nrelative\n"},
		imagetest.File{Name: "etc/ld.so.conf.d/b.conf", Data: "hwcap 1 x\ninclude /none/*\n/opt/b=libc6"},
		imagetest.File{Name: "etc/ld.so.conf.d/a.conf", Data: "# first\n\t/opt/a/ # comment\n"},
		imagetest.File{Name: "etc/ld.so.conf.d/other", Data: "/opt/other\n"},
	)
	dirs, err := Dirs(t.Context(), fsys)
	if want := []string{"/opt/a", "/opt/b", "/opt/last", "/lib", "/usr/lib"}; err != nil || !slices.Equal(dirs, want) {
		t.Errorf("got %v, %v, want %v", dirs, err, want)
	}
	if dirs, err := Dirs(t.Context(), fileSystem(t)); err != nil || !slices.Equal(dirs, builtin) {
		t.Errorf("without a configuration: got %v, %v", dirs, err)
	}
	loop := fileSystem(t, imagetest.File{Name: "etc/ld.so.conf", Data: "include ld.so.conf\n"})
	if dirs, err := Dirs(t.Context(), loop); err != errConfig {
		t.Errorf("a file that includes itself: got %v, %v", dirs, err)
	}
}

// ldconfig -p prints these entries in this order:
//
//	libb.so.10 (libc6,AArch64) => /l/libb.so.10
//	libb.so.9 (libc6,x86-64) => /l/libb.so.9
//	libb.so.9 (libc6,x86-64) => /m/libb.so.9
func TestMarshal(t *testing.T) {
	data, err := Marshal([]Library{
		{"libb.so.9", "/l/libb.so.9", flagX8664},
		{"libb.so.10", "/l/libb.so.10", flagAArch64},
		{"libb.so.9", "/m/libb.so.9", flagX8664},
	})
	if err != nil {
		t.Fatal(err)
	}
	const want = "676c6962632d6c642e736f2e6361636865312e31" + "03000000" + "28000000" + "02000000" + "00000000" +
		"000000000000000000000000" +
		"030a0000" + "7b000000" + "78000000" + "000000000000000000000000" +
		"03030000" + "89000000" + "86000000" + "000000000000000000000000" +
		"03030000" + "96000000" + "93000000" + "000000000000000000000000"
	text := "/l/libb.so.10\x00/l/libb.so.9\x00/m/libb.so.9\x00"
	if got := hex.EncodeToString(data[:len(data)-len(text)]); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	if got := string(data[len(data)-len(text):]); got != text {
		t.Errorf("got %q, want %q", got, text)
	}
	if _, err := Marshal([]Library{{"a", "/b", 3}}); err == nil {
		t.Error("a name that is not that of the path: no error")
	}
}

func TestCompare(t *testing.T) {
	sorted := []string{"", "lib.so.1", "lib10.so", "lib10.so.2", "libA.so", "liba", "liba.so", "liba9.so", "liba10.so", "libb.so"}
	for n, a := range sorted {
		for m, b := range sorted {
			want := n - m
			if strings.HasPrefix(a, "lib10") != strings.HasPrefix(b, "lib10") {
				continue // digits are after everything else
			}
			if got := compare(a, b); (got < 0) != (want < 0) || (got > 0) != (want > 0) {
				t.Errorf("%q, %q: got %d", a, b, got)
			}
		}
	}
	if compare("lib10", "libz") <= 0 || compare("liba", "lib1") >= 0 || compare("lib", "lib1") >= 0 {
		t.Error("digits are not after other characters")
	}
}

func FuzzObject(f *testing.F) {
	f.Add([]byte(library(amd64, "libz.so.1")))
	f.Add([]byte(library(arm64, "")))
	f.Add([]byte(library(amd64, "libz.so.1")[:200]))
	f.Fuzz(func(t *testing.T, data []byte) {
		o, ok := readObject(bytes.NewReader(data))
		if ok && (o.flags&flagLibc6 != flagLibc6 || len(o.soname) > maxName || strings.Contains(o.soname, "\x00")) {
			t.Errorf("got %+v", o)
		}
	})
}
