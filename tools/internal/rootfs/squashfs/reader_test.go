package squashfs

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"io"
	"iter"
	"slices"
	"strings"
	"testing"

	"github.com/klauspost/compress/zlib"
	"github.com/klauspost/compress/zstd"
)

// image reads an image independently of the writer: it has its own constants, and looks names up as the kernel does.
type image struct {
	*testing.T
	data  []byte
	zstd  *zstd.Decoder
	sizes struct{ inodes, block, fragments, owners uint32 }
	at    struct{ root, end, owners, xattrs, inodes, dirs, fragments, refs uint64 }
	refs  map[uint32]uint64 // by the numbers of inodes
	names map[uint32][]string
	links map[uint32]uint32
	lines []string
	cache map[uint64]block // of metadata
}

// block is a block of metadata, and where the next one is.
type block struct {
	data []byte
	next uint64
}

// stat is an inode.
type stat struct {
	kind, mode         uint16
	uid, gid, mtime    uint32
	number, links      uint32
	size, start, holes uint64
	fragment, offset   uint32
	target             string
	device             uint32
	parent, xattr      uint32
	blocks             []uint32
	index              []indexEntry
}

type indexEntry struct {
	at, block uint32
	name      string
}

func (m *image) u16(at uint64) uint16 { return binary.LittleEndian.Uint16(m.data[at:]) }
func (m *image) u32(at uint64) uint32 { return binary.LittleEndian.Uint32(m.data[at:]) }
func (m *image) u64(at uint64) uint64 { return binary.LittleEndian.Uint64(m.data[at:]) }

// open reads the superblock, and lists the image.
func open(t *testing.T, data []byte) *image {
	t.Helper()
	z, err := zstd.NewReader(nil, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxWindow(128<<10))
	if err != nil {
		t.Fatal(err)
	}
	defer z.Close()
	m := &image{T: t, data: data, zstd: z, refs: make(map[uint32]uint64), names: make(map[uint32][]string),
		links: make(map[uint32]uint32), cache: make(map[uint64]block)}
	if string(data[:4]) != "hsqs" || m.u16(28) != 4 || m.u16(30) != 0 || 1<<m.u16(22) != m.u32(12) || len(data)%4096 != 0 {
		t.Fatalf("superblock %x", data[:96])
	}
	m.sizes.inodes, m.sizes.block, m.sizes.fragments, m.sizes.owners = m.u32(4), m.u32(12), m.u32(16), uint32(m.u16(26))
	for i, n := range []*uint64{&m.at.root, &m.at.end, &m.at.owners, &m.at.xattrs, &m.at.inodes, &m.at.dirs,
		&m.at.fragments, &m.at.refs} {
		*n = m.u64(32 + 8*uint64(i))
	}
	root := m.walk("", m.at.root)
	if root.parent != root.number {
		t.Errorf("the parent of the root is %d", root.parent)
	}
	if len(m.refs) != int(m.sizes.inodes) {
		t.Errorf("%d inodes, the superblock states %d", len(m.refs), m.sizes.inodes)
	}
	for number, ref := range m.refs {
		if got := binary.LittleEndian.Uint64(m.lookup(m.at.refs, 8, number-1)); got != ref {
			t.Errorf("inode %d is at %#x, the export table states %#x", number, ref, got)
		}
	}
	for number, names := range m.names {
		if int(m.links[number]) != len(names) {
			t.Errorf("%q: %d links", names, m.links[number])
		}
	}
	return m
}

// unpack returns a block in its uncompressed form.
func (m *image) unpack(packed []byte, plain bool) []byte {
	if plain {
		return packed
	}
	var out []byte
	var err error
	if m.u16(20) == 1 {
		var r io.Reader
		if r, err = zlib.NewReader(bytes.NewReader(packed)); err == nil {
			out, err = io.ReadAll(r)
		}
	} else {
		out, err = m.zstd.DecodeAll(packed, nil)
	}
	if err != nil {
		m.Fatal(err)
	}
	return out
}

// cursor reads metadata from a place on.
type cursor struct {
	m    *image
	next uint64 // the block after rest
	rest []byte
	read int
}

// seek returns a cursor at an offset in the uncompressed form of a block.
func (m *image) seek(block uint64, offset int) *cursor {
	c := &cursor{m: m, next: block}
	c.load()
	c.rest = c.rest[offset:]
	return c
}

func (c *cursor) load() {
	b, ok := c.m.cache[c.next]
	if !ok {
		head := c.m.u16(c.next)
		b.next = c.next + 2 + uint64(head&^0x8000)
		b.data = c.m.unpack(c.m.data[c.next+2:b.next], head&0x8000 != 0)
		if len(b.data) > 8192 {
			c.m.Fatalf("a block of %d bytes", len(b.data))
		}
		c.m.cache[c.next] = b
	}
	c.rest, c.next = b.data, b.next
}

func (c *cursor) bytes(n int) []byte {
	var out []byte
	for n > len(out) {
		if len(c.rest) == 0 {
			c.load()
		}
		some := min(n-len(out), len(c.rest))
		out, c.rest = append(out, c.rest[:some]...), c.rest[some:]
	}
	c.read += n
	return out
}

func (c *cursor) u16() uint16 { return binary.LittleEndian.Uint16(c.bytes(2)) }
func (c *cursor) u32() uint32 { return binary.LittleEndian.Uint32(c.bytes(4)) }
func (c *cursor) u64() uint64 { return binary.LittleEndian.Uint64(c.bytes(8)) }

// lookup returns the entry of a table whose index is at a place.
func (m *image) lookup(at uint64, size int, number uint32) []byte {
	perBlock := uint32(8192 / size)
	return m.seek(m.u64(at+8*uint64(number/perBlock)), int(number%perBlock)*size).bytes(size)
}

func (m *image) owner(index uint16) uint32 {
	if uint32(index) >= m.sizes.owners {
		m.Fatalf("owner %d of %d", index, m.sizes.owners)
	}
	return binary.LittleEndian.Uint32(m.lookup(m.at.owners, 4, uint32(index)))
}

func (m *image) inode(ref uint64) stat {
	c := m.seek(m.at.inodes+ref>>16, int(ref&0xffff))
	s := stat{kind: c.u16(), mode: c.u16(), uid: m.owner(c.u16()), gid: m.owner(c.u16()), mtime: c.u32(), number: c.u32(),
		links: 1, xattr: 1<<32 - 1}
	extended := s.kind > 7
	if extended {
		s.kind -= 7
	}
	switch {
	case s.kind == 1 && extended:
		s.links, s.size, s.start, s.parent = c.u32(), uint64(c.u32()), uint64(c.u32()), c.u32()
		heads := c.u16()
		s.offset, s.xattr = uint32(c.u16()), c.u32()
		for range heads {
			e := indexEntry{at: c.u32(), block: c.u32()}
			e.name = string(c.bytes(int(c.u32()) + 1))
			s.index = append(s.index, e)
		}
	case s.kind == 1:
		s.start, s.links, s.size, s.offset, s.parent = uint64(c.u32()), c.u32(), uint64(c.u16()), uint32(c.u16()), c.u32()
	case s.kind == 2:
		if extended {
			s.start, s.size, s.holes, s.links = c.u64(), c.u64(), c.u64(), c.u32()
			s.fragment, s.offset, s.xattr = c.u32(), c.u32(), c.u32()
		} else {
			s.start, s.fragment, s.offset, s.size = uint64(c.u32()), c.u32(), c.u32(), uint64(c.u32())
		}
		blocks := s.size / uint64(m.sizes.block)
		if s.fragment == 1<<32-1 && s.size%uint64(m.sizes.block) > 0 {
			blocks++
		}
		for range blocks {
			s.blocks = append(s.blocks, c.u32())
		}
	default:
		s.links = c.u32()
		if s.kind == 3 {
			s.target = string(c.bytes(int(c.u32())))
		} else if s.kind < 6 {
			s.device = c.u32()
		}
		if extended {
			s.xattr = c.u32()
		}
	}
	return s
}

// content returns the content of a file.
func (m *image) content(s stat) []byte {
	var out []byte
	at, holes := s.start, uint64(0)
	for _, block := range s.blocks {
		want := min(uint64(m.sizes.block), s.size-uint64(len(out)))
		if block == 0 {
			out = append(out, make([]byte, want)...)
			holes += want
			continue
		}
		size := uint64(block &^ (1 << 24))
		out = append(out, m.unpack(m.data[at:at+size], block>>24 == 1)...)
		at += size
	}
	if s.fragment != 1<<32-1 {
		if s.fragment >= m.sizes.fragments {
			m.Fatalf("fragment %d of %d", s.fragment, m.sizes.fragments)
		}
		entry := m.lookup(m.at.fragments, 16, s.fragment)
		start, size := binary.LittleEndian.Uint64(entry), binary.LittleEndian.Uint32(entry[8:])
		block := m.unpack(m.data[start:start+uint64(size&^(1<<24))], size>>24 == 1)
		out = append(out, block[s.offset:][:s.size-uint64(len(out))]...)
	}
	if holes != s.holes || uint64(len(out)) != s.size {
		m.Errorf("%d bytes of %d, and %d in holes of %d", len(out), s.size, holes, s.holes)
	}
	return out
}

func (m *image) xattrs(number uint32) string {
	if number == 1<<32-1 {
		return "-"
	}
	entry := m.lookup(m.at.xattrs+16, 16, number)
	ref := binary.LittleEndian.Uint64(entry)
	c := m.seek(m.u64(m.at.xattrs)+ref>>16, int(ref&0xffff))
	var all []string
	for range binary.LittleEndian.Uint32(entry[8:]) {
		prefix := []string{"user.", "trusted.", "security."}[c.u16()]
		name := prefix + string(c.bytes(int(c.u16())))
		all = append(all, name+"="+string(c.bytes(int(c.u32()))))
	}
	slices.Sort(all)
	return strings.Join(all, ",")
}

// walk adds lines for an inode and everything below it, in the form of package rootfstest.
func (m *image) walk(path string, ref uint64) stat {
	s := m.inode(ref)
	if old, ok := m.refs[s.number]; ok && old != ref || s.number == 0 || s.number > m.sizes.inodes {
		m.Fatalf("%s: number %d", path, s.number)
	}
	m.refs[s.number], m.links[s.number] = ref, s.links
	size, sum, link := "-", "-", "-"
	switch s.kind {
	case 2:
		m.names[s.number] = append(m.names[s.number], path)
		size, sum = fmt.Sprint(s.size), fmt.Sprintf("%x", sha256.Sum256(m.content(s)))[:12]
	case 3:
		link = s.target
	case 4, 5:
		size = fmt.Sprintf("%d,%d", s.device>>8&0xfff, s.device&0xff|s.device>>12&^0xff)
	}
	line := fmt.Sprintln(max(path, "/"), []string{"d", "f", "l", "b", "c", "p"}[s.kind-1], fmt.Sprintf("%04o", s.mode),
		s.uid, s.gid, size, s.mtime, sum, link, m.xattrs(s.xattr))
	m.lines = append(m.lines, line)
	if s.kind != 1 {
		return s
	}
	delete(m.links, s.number)
	dirs := uint32(2)
	for e := range m.entries(s, s.start, s.offset, 3) {
		if again := m.find(s, e.name); again != e {
			m.Errorf("%s/%s: %v, the lookup finds %v", path, e.name, e, again)
		}
		child := m.walk(path+"/"+e.name, e.ref)
		if child.kind != e.kind || child.number != e.number || child.kind == 1 && child.parent != s.number {
			m.Errorf("%s/%s: entry %+v, inode %+v", path, e.name, e, child)
		}
		if child.kind == 1 {
			dirs++
		}
	}
	if s.links != dirs {
		m.Errorf("%s: %d links, want %d", path, s.links, dirs)
	}
	return s
}

// dirent is an entry of a directory.
type dirent struct {
	name   string
	kind   uint16
	number uint32
	ref    uint64
}

// entries yields the entries of a directory from a position on, which is a header.
func (m *image) entries(s stat, block uint64, offset uint32, position uint64) iter.Seq[dirent] {
	return func(yield func(dirent) bool) {
		if s.size == 3 {
			return
		}
		last := ""
		c := m.seek(m.at.dirs+block, int(offset))
		for position+uint64(c.read) < s.size {
			count, start, number := c.u32()+1, uint64(c.u32()), c.u32()
			if count > 256 {
				m.Fatalf("%d entries after a header", count)
			}
			for range count {
				ref := start<<16 | uint64(c.u16())
				e := dirent{number: number + uint32(int16(c.u16())), kind: c.u16(), ref: ref}
				e.name = string(c.bytes(int(c.u16()) + 1))
				if last >= e.name {
					m.Fatalf("%q follows %q", e.name, last)
				}
				last = e.name
				if !yield(e) {
					return
				}
			}
		}
		if position+uint64(c.read) != s.size {
			m.Fatalf("a directory of %d bytes, stated are %d", position+uint64(c.read), s.size)
		}
	}
}

// find finds a name with the index, by which no more than the entries in a block of metadata are read.
func (m *image) find(s stat, name string) dirent {
	block, position := s.start, uint32(0)
	for _, e := range s.index {
		if e.name > name {
			break
		}
		block, position = uint64(e.block), e.at
	}
	offset, most := (position+s.offset)%8192, 8192/9
	for e := range m.entries(s, block, offset, uint64(position)+3) {
		if e.name == name {
			return e
		}
		if most--; most < 0 {
			break
		}
	}
	return dirent{}
}

// list returns the lines of the image, sorted. All but the first name of a file lead to that.
func list(t *testing.T, data []byte) string {
	m := open(t, data)
	first := make(map[string]string)
	for _, names := range m.names {
		for _, name := range names[1:] {
			first[name] = slices.Min(names)
		}
	}
	for i, line := range m.lines {
		fields := strings.Split(line, " ")
		if name := first[fields[0]]; name != "" {
			fields[8] = name
		}
		m.lines[i] = strings.Join(fields, " ")
	}
	slices.Sort(m.lines)
	return strings.Join(m.lines, "")
}
