package ztoc

import (
	"encoding/binary"
	"testing"

	"github.com/rules-strata/rules_strata/tools/internal/oci/digest"
)

// table reads a table of a flatbuffer. Like any slice, it panics beyond the end, which fails a test.
type table struct {
	data []byte
	at   int
}

func (b table) u32(at int) int { return int(binary.LittleEndian.Uint32(b.data[at:])) }

// follow returns the position that a reference points to.
func (b table) follow(at int) int { return at + b.u32(at) }

// field returns the position of a field, or 0.
func (b table) field(number int) int {
	vtable := b.at - int(int32(b.u32(b.at)))
	slot := 4 + 2*number
	if slot >= int(binary.LittleEndian.Uint16(b.data[vtable:])) {
		return 0
	}
	place := int(binary.LittleEndian.Uint16(b.data[vtable+slot:]))
	if place == 0 {
		return 0
	}
	return b.at + place
}

// aligned returns the position of a field of n bytes, which must be aligned.
func (b table) aligned(t *testing.T, number, n int) int {
	at := b.field(number)
	if at%n != 0 {
		t.Errorf("field %d at %d is not aligned to %d", number, at, n)
	}
	return at
}

func (b table) long(t *testing.T, number int) int64 {
	at := b.aligned(t, number, 8)
	if at == 0 {
		return 0
	}
	return int64(binary.LittleEndian.Uint64(b.data[at:]))
}

func (b table) integer(t *testing.T, number int) int {
	at := b.aligned(t, number, 4)
	if at == 0 {
		return 0
	}
	return b.u32(at)
}

func (b table) table(number int) table { return table{b.data, b.follow(b.field(number))} }

func (b table) text(t *testing.T, number int) string {
	at := b.aligned(t, number, 4)
	if at == 0 {
		return ""
	}
	return b.textAt(t, at)
}

func (b table) textAt(t *testing.T, place int) string {
	at := b.follow(place)
	size := b.u32(at)
	if at%4 != 0 || b.data[at+4+size] != 0 {
		t.Errorf("the text at %d is not aligned, or has no end", at)
	}
	return string(b.data[at+4 : at+4+size])
}

// vector returns the positions of a vector's references.
func (b table) vector(number int) []int {
	field := b.field(number)
	if field == 0 {
		return nil
	}
	at := b.follow(field)
	places := make([]int, b.u32(at))
	for i := range places {
		places[i] = at + 4 + 4*i
	}
	return places
}

// decoded is what a reader of a zTOC finds.
type decoded struct {
	version, tool string
	in, out       int64
	files         []decodedFile
	spans         []span
}

type decodedFile struct {
	name, kind, link, user, group, time string
	at, size, mode, major, minor        int64
	uid, gid                            int
	records                             map[string]string
}

// decode reads a zTOC.
func decode(t *testing.T, data []byte) decoded {
	t.Helper()
	root := table{data, table{data: data}.follow(0)}
	d := decoded{version: root.text(t, 0), tool: root.text(t, 1), in: root.long(t, 2), out: root.long(t, 3)}
	for _, place := range root.table(4).vector(0) {
		f := table{data, root.follow(place)}
		file := decodedFile{
			name: f.text(t, 0), kind: f.text(t, 1), at: f.long(t, 2), size: f.long(t, 3), link: f.text(t, 4), mode: f.long(t, 5),
			uid: f.integer(t, 6), gid: f.integer(t, 7), user: f.text(t, 8), group: f.text(t, 9), time: f.text(t, 10),
			major: f.long(t, 11), minor: f.long(t, 12),
		}
		for _, place := range f.vector(13) {
			record := table{data, f.follow(place)}
			if file.records == nil {
				file.records = make(map[string]string)
			}
			file.records[record.text(t, 0)] = record.text(t, 1)
		}
		d.files = append(d.files, file)
	}
	info := root.table(5)
	list := info.follow(info.field(3))
	size, checkpoints := info.u32(list), data[list+4:]
	count := int(binary.LittleEndian.Uint32(checkpoints))
	digests := info.vector(2)
	if list%4 != 0 || size != len(checkpoints) || size != 12+count*checkpointSize || count != len(digests) ||
		info.integer(t, 1) != count-1 || binary.LittleEndian.Uint64(checkpoints[4:]) != SpanSize {
		t.Fatalf("%d bytes of %d checkpoints, %d digests, the last is %d", size, count, len(digests), info.integer(t, 1))
	}
	for i, place := range digests {
		c := checkpoints[12+i*checkpointSize:][:checkpointSize]
		for _, b := range c[16:] {
			if b != 0 {
				t.Fatalf("span %d has a window, or does not start at a byte", i)
			}
		}
		d.spans = append(d.spans, span{
			in: int64(binary.LittleEndian.Uint64(c)), out: int64(binary.LittleEndian.Uint64(c[8:])),
			digest: digest.Digest(info.textAt(t, place)),
		})
	}
	return d
}
