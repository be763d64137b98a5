package check

import (
	"archive/tar"
	"bytes"
	"fmt"
	"slices"
	"strings"
)

// Cases of tar archives as such.
var tarCases = []testCase{
	{rule: "tar-truncated", name: "in a header", fault: fault{tar: func(d []byte) []byte { return d[:700] }}},
	{rule: "tar-truncated", name: "in a content", fault: fault{layer: 2, tar: func(d []byte) []byte { return d[:517] }}},
	{rule: "tar-truncated", name: "in a padding", fault: fault{layer: 2, tar: func(d []byte) []byte { return d[:600] }}},
	{rule: "tar-checksum", name: "wrong", fault: fault{tar: func(d []byte) []byte { d[0] = 'x'; return d }}},
	{rule: "tar-checksum", name: "not a tar",
		fault: fault{tar: func([]byte) []byte { return []byte(strings.Repeat("x", 2048)) }}},
	{rule: "tar-size", name: "no number", fault: fault{layer: 2, tar: block("hello", put(124, "0000000001x"))}},
	{rule: "tar-size", name: "negative",
		fault: fault{layer: 2, tar: block("hello", put(124, strings.Repeat("\xff", 12)))}},
	{rule: "tar-size", name: "beyond 63 bits",
		fault: fault{layer: 2, tar: block("hello", put(124, "\x80"+strings.Repeat("\xff", 11)))}},
	{rule: "tar-size", name: "of a directory", fault: fault{tar: block("bin/", put(124, "00000000010"))}},
	{rule: "tar-pax", name: "no length", fault: fault{tar: extended('x', "x path=a\n", "f")}},
	{rule: "tar-pax", name: "length too large", fault: fault{tar: extended('x', "99 path=a\n", "f")}},
	{rule: "tar-pax", name: "length too small", fault: fault{tar: extended('x', "3 path=a\n", "f")}},
	{rule: "tar-pax", name: "no key", fault: fault{tar: extended('x', "8 =abcd\n", "f")}},
	{rule: "tar-pax", name: "negative size", fault: fault{tar: extended('x', record("size", "-1"), "f")}},
	{rule: "tar-pax", name: "time", fault: fault{tar: extended('x', record("mtime", "1.x"), "f")}},
	{rule: "tar-pax", name: "NUL in a path", fault: fault{tar: extended('x', record("path", "a\x00b"), "f")}},
	{rule: "tar-pax", name: "no entry", fault: fault{tar: func([]byte) []byte {
		return slices.Concat(header("meta", 'x', 0), make([]byte, 1024))
	}}},
	{rule: "tar-pax", name: "global path", fault: fault{tar: extended('g', record("path", "a"), "f")}},
	{rule: "tar-limit", name: "extended header",
		fault: fault{tar: extended('x', record("comment", strings.Repeat("x", 1<<20)), "f")}},
	{rule: "tar-sparse", name: "GNU", fault: fault{tar: kindOfEntry("f", 'S')}},
	{rule: "tar-end", name: "no zero block", fault: fault{layer: 2, tar: func(d []byte) []byte { return d[:1024] }}},
	{rule: "tar-end", name: "one zero block", fault: fault{layer: 2, tar: func(d []byte) []byte { return d[:1536] }}},
	{rule: "tar-end", name: "data after one zero block", fault: fault{layer: 2, tar: func(d []byte) []byte {
		return slices.Concat(d[:1536], d)
	}}},
	{rule: "tar-end", name: "data after the end", fault: fault{tar: appendTo(strings.Repeat("x", 512))}},
	{rule: "tar-end", name: "half a block", fault: fault{tar: appendTo(strings.Repeat("\x00", 100))}},
	{rule: "tar-format", name: "GNU", fault: fault{layer: 2, tar: block("hello", put(257, "ustar  \x00"))}},
	{rule: "tar-format", name: "V7", fault: fault{layer: 2, tar: block("hello", put(257, strings.Repeat("\x00", 8)))}},
	{rule: "tar-format", name: "other version", fault: fault{layer: 2, tar: block("hello", put(263, "01"))}},
	{rule: "tar-format", name: "GNU long name", fault: fault{tar: extended('L', strings.Repeat("n", 120)+"\x00", "nn")}},
	{rule: "tar-format", name: "GNU long link", fault: fault{tar: extended('K', strings.Repeat("n", 120)+"\x00", "nn")}},
	{rule: "tar-number", name: "mode", fault: fault{layer: 2, tar: block("hello", put(100, "0000948"))}},
	{rule: "tar-number", name: "base 256",
		fault: fault{layer: 2, tar: block("hello", put(108, "\x80\x00\x00\x00\x00\x00\x00\x01"))}},
	{rule: "tar-number", name: "base 256 size", fault: fault{layer: 2, tar: block("hello",
		put(124, "\x80\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x0d"))}},
	{rule: "tar-number", name: "negative owner",
		fault: fault{layer: 2, tar: block("hello", put(108, strings.Repeat("\xff", 8)))}},
	{rule: "tar-pax-form", name: "unnecessary", fault: fault{tar: extended('x', record("path", "f"), "f")}},
	{rule: "tar-pax-form", name: "unnecessary number",
		fault: fault{tar: extended('x', record("uid", "7")+record("uname", "u"), "f")}},
	{rule: "tar-pax-form", name: "unnecessary time", fault: fault{tar: extended('x', record("mtime", "7"), "f")}},
	{rule: "tar-pax-form", name: "not sorted",
		fault: fault{tar: extended('x', record("uid", "9999999")+record("gid", "9999999"), "f")}},
	{rule: "tar-pax-form", name: "twice",
		fault: fault{tar: extended('x', strings.Repeat(record("uid", "9999999"), 2), "f")}},
	{rule: "tar-pax-form", name: "no id", fault: fault{tar: extended('x', record("uid", "root"), "f")}},
	{rule: "tar-pax-form", name: "unknown", fault: fault{tar: extended('x', record("ctime", "0"), "f")}},
	{rule: "tar-pax-form", name: "not UTF-8", fault: fault{tar: extended('x', record("linkpath", "\xff"), "f")}},
	{rule: "tar-pax-form", name: "global", fault: fault{tar: extended('g', record("comment", "x"), "f")}},
	{rule: "tar-pax-form", name: "two extended headers", fault: fault{tar: func([]byte) []byte {
		return slices.Concat(header("meta", 'x', 0), extended('x', record("uid", "9999999"), "f")(nil))
	}}},
	{rule: "tar-padding", name: "after a content",
		fault: fault{layer: 2, tar: func(d []byte) []byte { d[1000] = 1; return d }}},
	{rule: "tar-padding", name: "after a name", fault: fault{layer: 2, tar: block("hello", put(50, "x"))}},
	{rule: "tar-padding", name: "after the header", fault: fault{layer: 2, tar: block("hello", put(510, "x"))}},
}

// Cases of entries.
var entryCases = []testCase{
	{rule: "entry-type", name: "contiguous", fault: fault{tar: kindOfEntry("f", '7')}},
	{rule: "entry-type", name: "old regular", fault: fault{tar: kindOfEntry("f", 0)}},
	{rule: "entry-type", name: "unknown", fault: fault{tar: kindOfEntry("f", 'Z')}},
	{rule: "entry-type", name: "symlink in an archive", door: throughArchive,
		fault: fault{archive: block("oci-layout", put(156, "2"))}},
	{rule: "entry-name", name: "empty", fault: fault{tar: kindOfEntry("", '0')}},
	{rule: "entry-name", name: "absolute", fault: fault{tar: kindOfEntry("/f", '0')}},
	{rule: "entry-name", name: "root", fault: fault{tar: kindOfEntry("/", '5')}},
	{rule: "entry-name", name: "dot", fault: fault{tar: kindOfEntry("./f", '0')}},
	{rule: "entry-name", name: "dot dot", fault: fault{tar: kindOfEntry("a/../../f", '0')}},
	{rule: "entry-name", name: "empty part", fault: fault{tar: kindOfEntry("a//b", '0')}},
	{rule: "entry-name", name: "directory without slash", fault: fault{tar: kindOfEntry("d", '5')}},
	{rule: "entry-name", name: "file with slash", fault: fault{tar: kindOfEntry("f/", '0')}},
	{rule: "entry-name", name: "two slashes", fault: fault{tar: kindOfEntry("d//", '5')}},
	{rule: "entry-name", name: "not UTF-8", fault: fault{tar: kindOfEntry("\xff\n", '0')}},
	{rule: "entry-name", name: "long part", fault: holding(file(strings.Repeat("x", 256), ""))},
	{rule: "entry-name", name: "long", fault: holding(file(strings.Repeat("xx/", 1400)+"x", ""))},
	{rule: "entry-name", name: "archive", door: throughArchive,
		fault: fault{archive: block("oci-layout", put(0, "../a\x00\x00\x00\x00\x00\x00"))}},
	{rule: "entry-duplicate", name: "file", fault: holding(file("a", ""), file("a", ""))},
	{rule: "entry-duplicate", name: "file and directory", fault: holding(file("a", ""), dir("a/"))},
	{rule: "entry-duplicate", name: "archive", door: throughArchive, fault: fault{archive: func(d []byte) []byte {
		return slices.Concat(header("oci-layout", '0', 0), d)
	}}},
	{rule: "entry-order", name: "files", fault: holding(file("b", ""), file("a", ""), file("c", ""))},
	{rule: "entry-order", name: "by parts", fault: holding(dir("a/"), file("a/b", ""), file("a-b", ""))},
	{rule: "entry-parent", name: "missing", fault: holding(dir("a/"), file("a/b/c", ""))},
	{rule: "entry-parent", name: "later", fault: holding(file("a/b", ""), dir("a/"))},
	{rule: "entry-beneath", name: "file", fault: holding(file("a", ""), file("a/b", ""))},
	{rule: "entry-beneath", name: "symlink", fault: holding(symlink("a", "/etc"), file("a/passwd", ""))},
	{rule: "entry-link", name: "hard link to nothing", fault: holding(hardlink("a", "b"))},
	{rule: "entry-link", name: "hard link to later", fault: holding(hardlink("a", "b"), file("b", ""))},
	{rule: "entry-link", name: "hard link to a directory", fault: holding(dir("a/"), hardlink("b", "a"))},
	{rule: "entry-link", name: "symlink to nothing", fault: fault{tar: kindOfEntry("f", '2')}},
	{rule: "entry-link", name: "file with a target", fault: fault{layer: 2, tar: block("hello", put(157, "x"))}},
	{rule: "entry-mode", name: "type bits", fault: fault{layer: 2, tar: block("hello", put(100, "0100644"))}},
	{rule: "entry-mtime", name: "far", fault: fault{tar: extended('x', record("mtime", "999999999999"), "f")}},
	{rule: "entry-mtime", name: "long ago", fault: fault{tar: extended('x', record("mtime", "-99999999999.5"), "f")}},
	{rule: "entry-whiteout", name: "not empty", fault: holding(file(".wh.a", "x"))},
	{rule: "entry-whiteout", name: "directory", fault: holding(dir(".wh.a/"))},
	{rule: "entry-whiteout", name: "no name", fault: holding(file(".wh.", ""))},
	{rule: "entry-whiteout", name: "dot dot", fault: holding(file(".wh...", ""))},
	{rule: "entry-whiteout", name: "reserved", fault: holding(file(".wh..wh.plnk", ""))},
	{rule: "entry-whiteout-conflict", name: "file", fault: holding(file(".wh.a", ""), file("a", ""))},
	{rule: "entry-whiteout-conflict", name: "whiteout later",
		fault: holding(dir("-/"), file("-a", ""), file(".wh.-a", ""))},
	{rule: "report-limit", name: "1001 modes", fault: fault{tar: func([]byte) []byte {
		var data []byte
		for i := range maxAlike + 3 {
			h := header(fmt.Sprintf("%04d", i), tar.TypeReg, 0)
			copy(h[100:], "0100644")
			resum(h)
			data = append(data, h...)
		}
		return append(data, make([]byte, 1024)...)
	}}},
}

func holding(list ...entry) fault {
	return fault{entries: func([]entry) []entry { return list }}
}

// block changes the header block of an entry and updates its checksum.
func block(name string, change func(b []byte)) func([]byte) []byte {
	return func(data []byte) []byte {
		for at := 0; at+512 <= len(data); at += 512 {
			b := data[at : at+512]
			if got, _, _ := bytes.Cut(b[:100], []byte{0}); string(got) == name && string(b[257:262]) == "ustar" {
				change(b)
				resum(b)
				return data
			}
		}
		panic("no entry " + name)
	}
}

// resum sets the checksum of a header block.
func resum(b []byte) {
	copy(b[148:156], "        ")
	sum := 0
	for _, c := range b {
		sum += int(c)
	}
	copy(b[148:156], fmt.Sprintf("%06o\x00 ", sum))
}

func put(at int, text string) func(b []byte) { return func(b []byte) { copy(b[at:], text) } }

// extended returns an extended header of the type with the content, a file with the name after it, and the end.
func extended(kind byte, records string, name string) func([]byte) []byte {
	return func([]byte) []byte {
		return slices.Concat(header("meta", kind, len(records)), padded(records), header(name, '0', 0), make([]byte, 1024))
	}
}

func header(name string, kind byte, size int) []byte {
	b := make([]byte, 512)
	copy(b, name)
	copy(b[100:], "0000644\x000000000\x000000000\x00")
	copy(b[124:], fmt.Sprintf("%011o\x0000000000000\x00", size))
	b[156] = kind
	copy(b[257:], "ustar\x0000")
	resum(b)
	return b
}

func padded(data string) []byte {
	return append([]byte(data), make([]byte, -len(data)&511)...)
}

// record returns a record of an extended header.
func record(key, value string) string {
	n := len(key) + len(value) + 3
	for n != len(fmt.Sprintf("%d %s=%s\n", n, key, value)) {
		n = len(fmt.Sprintf("%d %s=%s\n", n, key, value))
	}
	return fmt.Sprintf("%d %s=%s\n", n, key, value)
}

// kindOfEntry returns an entry of a type that archive/tar writes unchanged.
func kindOfEntry(name string, kind byte) func([]byte) []byte {
	return func([]byte) []byte { return append(header(name, kind, 0), make([]byte, 1024)...) }
}
