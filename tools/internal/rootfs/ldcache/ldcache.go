// Package ldcache makes the cache of shared libraries of the GNU C library, /etc/ld.so.cache, of a merged file system, as
// ldconfig makes it in a running system.
//
// The format is that of glibc 2.32 and later (glibc-ld.so.cache1.1). The loader searches it in halves, so the order of its
// entries is part of the format.
//
// Non-goals: libraries below glibc-hwcaps, which the loader finds in directories without a cache; architectures other than
// x86-64, x86 and AArch64.
package ldcache

import (
	"cmp"
	"encoding/binary"
	"errors"
	"fmt"
	"path"
	"slices"
)

// Path is the path of the cache.
const Path = "/etc/ld.so.cache"

// Library is an entry of the cache.
type Library struct {
	Name  string // by which programs ask for the library
	Path  string // ends with the name
	Flags uint32
}

const (
	magic        = "glibc-ld.so.cache1.1"
	littleEndian = 2
	headerSize   = 48
	entrySize    = 24
)

// Flags of entries: what kind of library it is, and for which architecture.
const (
	flagLibc6   = 0x0003
	flagX8664   = flagLibc6 | 0x0300
	flagAArch64 = flagLibc6 | 0x0a00
)

var errTooLarge = errors.New("too many libraries for the cache")

// Marshal returns the cache with the libraries. If several have the same name and flags, the first one wins.
func Marshal(libraries []Library) ([]byte, error) {
	all := slices.Clone(libraries)
	slices.SortStableFunc(all, func(a, b Library) int {
		return cmp.Or(compare(b.Name, a.Name), cmp.Compare(b.Flags, a.Flags))
	})
	strings := make([]byte, 0, 64*len(all))
	start := headerSize + entrySize*len(all)
	var entries []byte
	for _, l := range all {
		if path.Base(l.Path) != l.Name {
			return nil, fmt.Errorf("%s does not end with %s", l.Path, l.Name)
		}
		value := start + len(strings)
		key := value + len(l.Path) - len(l.Name)
		strings = append(append(strings, l.Path...), 0)
		for _, number := range []uint32{l.Flags, uint32(key), uint32(value), 0, 0, 0} {
			entries = binary.LittleEndian.AppendUint32(entries, number)
		}
	}
	if start+len(strings) > maxSize {
		return nil, errTooLarge
	}
	data := []byte(magic)
	data = binary.LittleEndian.AppendUint32(data, uint32(len(all)))
	data = binary.LittleEndian.AppendUint32(data, uint32(len(strings)))
	data = append(data, littleEndian)
	data = append(data, make([]byte, headerSize-len(data))...)
	return append(append(data, entries...), strings...), nil
}

// maxSize is the maximum size of a cache, in bytes.
const maxSize = 64 << 20

// compare compares names as the loader does when it searches: numbers by their values, and after other characters.
func compare(a, b string) int {
	for a != "" {
		var c int
		switch digit, other := startsWithDigit(a), startsWithDigit(b); {
		case digit && other:
			var m, n uint32
			m, a = number(a)
			n, b = number(b)
			c = int(int32(m - n)) // as the loader's arithmetic
		case digit:
			return 1
		case other:
			return -1
		case b == "":
			return int(a[0])
		default:
			c = int(a[0]) - int(b[0])
			a, b = a[1:], b[1:]
		}
		if c != 0 {
			return c
		}
	}
	if b != "" {
		return -1
	}
	return 0
}

func startsWithDigit(s string) bool { return s != "" && '0' <= s[0] && s[0] <= '9' }

// number returns the number at the beginning of a text, and the rest.
func number(s string) (n uint32, rest string) {
	for startsWithDigit(s) {
		n = n*10 + uint32(s[0]-'0')
		s = s[1:]
	}
	return n, s
}
