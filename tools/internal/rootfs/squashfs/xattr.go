package squashfs

import (
	"encoding/binary"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// maxValue is the length of the longest value that Linux reads.
const maxValue = 65536

// prefixes are the beginnings of names, which are stored as their place in this list.
var prefixes = []string{"user.", "trusted.", "security."}

// xattrTable has the extended attributes of all files. Files with equal attributes share them.
type xattrTable struct {
	sets    [][]byte
	counts  []uint32 // of the attributes in each set
	numbers map[string]uint32
}

// add adds the attributes of a file, and returns their number.
func (t *xattrTable) add(all map[string]string) (uint32, error) {
	if len(all) == 0 {
		return none, nil
	}
	set, err := encodeXattrs(all)
	if err != nil {
		return 0, err
	}
	if n, ok := t.numbers[string(set)]; ok {
		return n, nil
	}
	if t.numbers == nil {
		t.numbers = make(map[string]uint32)
	}
	n := uint32(len(t.sets))
	t.numbers[string(set)] = n
	t.sets, t.counts = append(t.sets, set), append(t.counts, uint32(len(all)))
	return n, nil
}

func encodeXattrs(all map[string]string) ([]byte, error) {
	le := binary.LittleEndian
	var b []byte
	for _, name := range slices.Sorted(maps.Keys(all)) {
		value := all[name]
		prefix, err := prefixOf(name)
		if err == nil && len(value) > maxValue {
			err = fmt.Errorf("the value has %d bytes, Linux supports %d", len(value), maxValue)
		}
		if err != nil {
			return nil, fmt.Errorf("extended attribute %q: %w", name, err)
		}
		rest := name[len(prefixes[prefix]):]
		b = le.AppendUint16(b, uint16(prefix))
		b = le.AppendUint16(b, uint16(len(rest)))
		b = append(b, rest...)
		b = le.AppendUint32(b, uint32(len(value)))
		b = append(b, value...)
	}
	return b, nil
}

// prefixOf returns the number of the beginning of a name.
func prefixOf(name string) (int, error) {
	for i, prefix := range prefixes {
		if strings.HasPrefix(name, prefix) {
			return i, nil
		}
	}
	return 0, errors.New("SquashFS has no place for this name")
}

// encode returns the table, to be written at an offset of the image, and where its header is. No attributes need no table.
func (t *xattrTable) encode(pack packer, at int64) ([]byte, uint64, error) {
	if len(t.sets) == 0 {
		return nil, absent, nil
	}
	le := binary.LittleEndian
	values := table{pack: pack}
	var sets []byte
	for i, set := range t.sets {
		sets = le.AppendUint64(sets, uint64(values.here()))
		sets = le.AppendUint32(sets, t.counts[i])
		sets = le.AppendUint32(sets, uint32(len(set)))
		values.write(set)
	}
	out, err := values.end()
	if err != nil {
		return nil, 0, err
	}
	index, size := indexed(pack, sets, at+int64(len(out)))
	head := at + int64(len(out)) + size
	out = append(out, index[:size]...)
	out = le.AppendUint64(out, uint64(at))
	out = le.AppendUint32(out, uint32(len(t.sets)))
	out = le.AppendUint32(out, 0)
	return append(out, index[size:]...), uint64(head), nil
}
