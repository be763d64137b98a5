package main

import (
	"fmt"
	"strings"
)

var (
	wide  = strings.Repeat("n", 200)   // too long for any header
	attr  = "SCHILY.xattr.user.note=b" // an attribute that Linux has
	octal = func(n int64) string { return fmt.Sprintf("%011o\x00", n) }
)

// kept returns archives that all programs read alike.
func kept() map[string][]byte {
	return map[string][]byte{
		"plain": archive(dir("./"), dir("d/"), file("d/a", "hello"), link('1', "d/hard", "d/a"), link('2', "d/soft", "a"),
			header('3', "null", 0, field{majorAt, "0000001\x00"}, field{minorAt, "0000003\x00"}), header('6', "pipe", 0)),
		"prefix":               archive(file("file", "x", field{prefixAt, strings.Repeat("deep/", 30) + "deep"})),
		"pax name":             archive(pax("path="+wide), file("short", "x"), file("z", "")),
		"pax link":             archive(file("f", ""), pax("linkpath="+wide), link('2', "l", "short")),
		"pax size":             archive(pax("size=5"), header('0', "a", 0, field{sizeAt, octal(5)}), body("hello"), file("z", "")),
		"pax owner":            archive(pax("uid=3000000", "gid=4000000", "mtime=1580608922.25"), file("a", "x")),
		"pax attribute":        archive(pax(attr), file("a", "x")),
		"gnu name":             archive(long('L', wide), file("short", "x", gnu), file("z", "", gnu)),
		"gnu link":             archive(long('K', wide), header('2', "l", 0, gnu, field{linkAt, "short"})),
		"gnu link, then name":  archive(long('K', wide), long('L', wide+"2"), header('2', "l", 0, gnu, field{linkAt, "short"})),
		"gnu name, then link":  archive(long('L', wide+"2"), long('K', wide), header('2', "l", 0, gnu, field{linkAt, "short"})),
		"gnu name alone":       archive(long('L', wide), header('0', "", 0, gnu)),
		"pax name alone":       archive(pax("path=nowhere"), header('0', "", 0)),
		"base 256":             archive(header('0', "a", 0, gnu, field{sizeAt, "\x80\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x05"}), body("hello"), file("z", "")),
		"owner in base 256":    archive(file("a", "x", gnu, field{uidAt, "\x80\x00\x00\x00\x00\x2d\xc6\xc0"})),
		"spaces":               archive(file("a", "hello", field{sizeAt, "         5 \x00"}, field{modeAt, "   644 \x00"}), file("z", "")),
		"unix v7":              archive(header(0, "d/", 0, field{magicAt, "\x00\x00\x00\x00\x00\x00\x00\x00"}), header(0, "d/a", 0, field{magicAt, "\x00\x00\x00\x00\x00\x00\x00\x00"})),
		"hard link twice":      archive(file("a", "x"), link('1', "b", "a"), link('1', "c", "b")),
		"hard link, symlink":   archive(link('2', "s", "nowhere"), link('1', "t", "s")),
		"dot slash":            archive(dir("./"), dir("./d/"), file("./d/a", "x"), link('1', "./b", "./d/a")),
		"backslash":            archive(file(`a\..\b`, "x")),
		"deletion":             archive(dir("d/"), file("d/.wh.old", ""), file(".wh..wh..opq", "")),
		"attribute with a nul": archive(pax("SCHILY.xattr.user.note=a\x00b"), file("a", "x")),
		"gnu times":            archive(file("a", "hello", gnu, field{prefixAt, octal(1e9) + octal(1e9)}), file("z", "")),
		"name after nul":       archive(file("a\x00b", "x")),
		"xstar":                archive(file("a", "x", field{prefixAt, "d"}, field{prefixAt + 131, octal(1e9) + octal(1e9)}, field{508, "tar\x00"})),
		"more zeros":           append(archive(file("a", "x")), make([]byte, 8*blockSize)...),
		"one block of zeros":   archive(file("a", "x"))[:3*blockSize],
		"nothing":              archive(),
		"nothing twice":        append(archive(), end...),
	}
}

// sparse is a file of 10,000 bytes: five of them at the beginning, five at the end, and zeros between.
const sparse = "helloworld"

// remade returns archives that hold a layer which all programs read alike only when it is packed as new.
func remade() map[string][]byte {
	holes := func(size int64, records ...string) block {
		return append(pax(records...), header('0', "GNUSparseFile.0/a", size)...)
	}
	return map[string][]byte{
		"sparse gnu": archive(header('S', "a", 10, gnu, field{sparseAt, octal(0)}, field{sparseAt + 12, octal(5)},
			field{sparseAt + 24, octal(9995)}, field{sparseAt + 36, octal(5)}, field{realAt, octal(10000)}), body(sparse), file("z", "")),
		"sparse gnu, long map": archive(header('S', "a", 10, gnu, field{sparseAt, octal(0)}, field{sparseAt + 12, octal(5)},
			field{moreAt, "\x01"}, field{realAt, octal(10000)}), body(octal(9995)+octal(5)), body(sparse), file("z", "")),
		"sparse pax 0.0": archive(holes(10, "GNU.sparse.size=10000", "GNU.sparse.numblocks=2", "GNU.sparse.offset=0",
			"GNU.sparse.numbytes=5", "GNU.sparse.offset=9995", "GNU.sparse.numbytes=5"), body(sparse), file("z", "")),
		"sparse pax 0.1": archive(holes(10, "GNU.sparse.size=10000", "GNU.sparse.numblocks=2", "GNU.sparse.name=a",
			"GNU.sparse.map=0,5,9995,5"), body(sparse), file("z", "")),
		"sparse pax 1.0": archive(holes(blockSize+10, "GNU.sparse.major=1", "GNU.sparse.minor=0", "GNU.sparse.name=a",
			"GNU.sparse.realsize=10000"), body("2\n0\n5\n9995\n5\n"), body(sparse), file("z", "")),
		"attribute of macos":      archive(pax("SCHILY.xattr.com.apple.provenance=1", attr), file("a", "x")),
		"mode that begins nul":    archive(file("a", "x", field{modeAt, "\x00000644"})),
		"time that begins nul":    archive(file("a", "x", field{timeAt, "\x000000000000"})),
		"owner and more":          archive(file("a", "x", field{uidAt, "0\x0000000"})),
		"path twice":              archive(file("a", "first"), file("z", ""), file("a", "the second")),
		"file, directory":         archive(file("a", "first"), dir("a/"), file("a/b", "x")),
		"twice the same record":   archive(pax("path=one", "path=two"), file("a", "x")),
		"prefix of no format":     archive(file("a", "x", field{magicAt, "ustar\x00xx"}, field{prefixAt, "dir"})),
		"contiguous":              archive(file("a", "x", field{typeAt, "7"})),
		"gnu link alone":          archive(long('K', wide), header('2', "l", 0, gnu)),
		"gnu hard link alone":     archive(file("f", "x"), long('K', "f"), header('1', "h", 0, gnu)),
		"pax link alone":          archive(pax("linkpath=nowhere"), header('2', "l", 0)),
		"gnu link and name alone": archive(long('K', wide), long('L', wide+"2"), header('2', "l", 0, gnu)),

		"symlink to no ascii":  archive(pax("linkpath=日本"), link('2', "l", "")),
		"gnu name without nul": archive(append(header('L', "long", 3, gnu), body("longer")...), file("a", "x", gnu)),
		"gnu map in a file":    archive(file("a", "hello", gnu, field{sparseAt, octal(1)}), file("z", "")),
		"gnu size in a file":   archive(file("a", "hello", gnu, field{realAt, octal(9)}), file("z", "")),
		"prefix of slash":      archive(file("a", "x", field{prefixAt, "d/"})),
		"device of no format":  archive(header('3', "null", 0, field{majorAt, "0000001\x00"}, field{minorAt, "0000003\x00"}, field{magicAt, "ustar 00"})),
		"version of no format": archive(file("a", "x", field{magicAt, "ustar\x0001"})),
		"comment":              archive(extended('g', "comment=made by hand"), file("a", "x")),
		"signed sum":           archive(signed(file("\u00e4", "x"))),
	}
}

// signed returns a file with the sum of its header's bytes as some programs of old took them.
func signed(b block) block {
	b = b.with()
	h := b[:blockSize].with()
	copy(h[sumAt:], "        ")
	copy(h[sumAt:], fmt.Sprintf("%06o\x00 ", h.sum(true)))
	return append(h, b[blockSize:]...)
}

// refused returns archives that programs read differently, or that hold no layer.
func refused() map[string][]byte {
	sized := func(kind byte, name string) block { return header(kind, name, 5, field{linkAt, "t"}) }
	return map[string][]byte{
		"size on a symlink":        archive(sized('2', "l"), file("z", "")),
		"size on a hard link":      archive(file("t", ""), sized('1', "l"), file("z", "")),
		"size on a directory":      archive(sized('5', "d/"), file("z", "")),
		"size on a device":         archive(sized('3', "d"), file("z", "")),
		"size on a fifo":           archive(sized('6', "p"), file("z", "")),
		"pax size on a symlink":    archive(pax("size=512"), link('2', "l", "t"), file("hidden", ""), file("z", "")),
		"size that begins nul":     archive(file("a", "hello", field{sizeAt, "\x0000000000005"}), file("z", "")),
		"size of two numbers":      archive(file("a", "x", field{sizeAt, "1\x000000000007"}), file("z", "")),
		"size below zero":          archive(header('0', "a", 0, gnu, field{sizeAt, strings.Repeat("\xff", 12)}), file("z", "")),
		"size of no digits":        archive(file("a", "", field{sizeAt, "0x000000000"}), file("z", "")),
		"pax size with a sign":     archive(pax("size=+1"), file("a", "x"), file("z", "")),
		"pax size empty":           archive(pax("size="), file("a", "x"), file("z", "")),
		"pax twice":                archive(pax("path=one"), pax("path=two"), file("a", "x")),
		"gnu name twice":           archive(long('L', "one"), long('L', "two"), file("a", "x", gnu)),
		"gnu name and pax":         archive(long('L', "one"), pax("path=two"), file("a", "x")),
		"pax path for all":         archive(extended('g', "path=one"), file("a", "x")),
		"pax path empty":           archive(pax("path="), file("a", "x")),
		"pax without an end":       archive(append(header('x', "pax", 5), body("9 a=b")...), file("a", "x")),
		"pax path with nul":        archive(pax("path=a\x00b"), file("a", "x")),
		"file named as directory":  archive(file("a/", "abc"), file("z", "")),
		"root as a file":           archive(file(".", "")),
		"root as a symlink":        archive(link('2', "./", "/etc")),
		"slash":                    archive(file("/", "")),
		"upwards":                  archive(file("..", "")),
		"upwards below":            archive(dir("d/"), file("d/../../a", "")),
		"no name":                  archive(file("", "")),
		"name begins nul":          archive(file("\x00a", "")),
		"no utf-8":                 archive(file("a\xff\xfeb", "")),
		"unknown type":             archive(header('Z', "a", 0)),
		"owner below zero":         archive(file("a", "", gnu, field{uidAt, strings.Repeat("\xff", 8)})),
		"below a file":             archive(file("a", ""), file("a/b", "")),
		"below a symlink":          archive(link('2', "a", "/etc"), file("a/passwd", "")),
		"hard link to nothing":     archive(link('1', "a", "nowhere")),
		"hard link to itself":      archive(link('1', "a", "a")),
		"hard link forward":        archive(link('1', "a", "b"), file("b", "")),
		"hard link to a directory": archive(dir("d/"), link('1', "a", "d")),
		"symlink to nothing":       archive(header('2', "a", 0)),
		"deletion and file":        archive(file(".wh.x", ""), file("x", "")),
		"deletion of nothing":      archive(file("d/.wh.", "")),
		"deletion of the parent":   archive(file("d/.wh...", "")),
		"deletion with content":    archive(file(".wh.x", "abc")),
		"deletion, directory":      archive(dir(".wh.x/")),
		"deletion within":          archive(file(".wh.d/f", "")),
		"mark of aufs":             archive(file(".wh..wh.aufs", "")),
		"cut off":                  header('0', "a", 5000),
		"cut off by the end":       archive(header('0', "a", 5000)),
		"no end":                   file("a", "x"),
		"something after the end":  append(archive(file("a", "x")), body("more")...),
		"an archive after the end": append(archive(file("a", "x")), archive(file("b", "x"))...),
		"empty file":               nil,
		"text":                     []byte(strings.Repeat("no archive\n", 100)),
	}
}

// variants returns an archive with one field of one header changed, in many ways.
func variants() map[string][]byte {
	blocks := []block{dir("d/"), file("d/a", "hello"), link('1', "d/hard", "d/a"), link('2', "d/soft", "a"),
		header('3', "null", 0, field{majorAt, "0000001\x00"}, field{minorAt, "0000003\x00"}), pax("path=long"), file("short", "x"),
		long('L', "longer"), file("short", "x", gnu), file("z", "the end")}
	values := []string{"\x00", "1", "7", "S", "/", "\x80", "1 1"}
	found := make(map[string][]byte)
	for i, b := range blocks {
		for _, at := range []int{nameAt, modeAt, uidAt, gidAt, sizeAt, sizeAt + 10, timeAt, typeAt, linkAt, magicAt, magicAt + 5,
			magicAt + 6, majorAt, prefixAt, 369, sparseAt, moreAt, realAt, afterAt, 508} {
			for j, value := range values {
				changed := append([]block(nil), blocks...)
				changed[i] = append(b[:blockSize].with(field{at, value}), b[blockSize:]...)
				found[fmt.Sprintf("%d-%d-%d", i, at, j)] = archive(changed...)
			}
		}
	}
	return found
}
