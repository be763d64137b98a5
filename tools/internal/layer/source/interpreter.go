package source

import (
	"bytes"
	"encoding/binary"
	"io"
	"strings"
)

const (
	// maxLine is how much of a script Linux reads to find its interpreter.
	maxLine = 256
	// maxHead is how much of an ELF program is searched for its interpreter. Linkers put it into the first pages.
	maxHead = 8 << 10
)

// Interpreter returns the interpreter of a program, which r returns from its beginning: what follows "#!" in a script, or
// the dynamic loader of an ELF program. It is "" for other programs, and for one whose interpreter is not stated near its
// beginning.
func Interpreter(r io.Reader) (string, error) {
	head := make([]byte, maxHead)
	n, err := io.ReadFull(r, head)
	if err != nil && !isEnd(err) {
		return "", err
	}
	head = head[:n]
	if bytes.HasPrefix(head, []byte("#!")) {
		line, _, ended := bytes.Cut(head[2:min(n, maxLine)], []byte("\n"))
		if !ended && n > maxLine || bytes.IndexByte(line, 0) >= 0 {
			return "", nil
		}
		return strings.TrimSpace(string(line)), nil
	}
	return loader(head), nil
}

// The layout of an ELF header and of an entry of its program header table, for 32 and for 64 bits ("Executable and
// Linking Format", ELF Header and Program Header). Numbers are offsets.
type elfLayout struct {
	wide                                 bool
	tableOffset, entrySize, entries, end int // in the ELF header
	fileOffset, fileSize, entryEnd       int // in an entry; its type is at 0
}

var elfLayouts = map[byte]elfLayout{
	1: {false, 28, 42, 44, 52, 4, 16, 32},
	2: {true, 32, 54, 56, 64, 8, 32, 56},
}

// elfInterpreter is the type of the entry that states the dynamic loader (PT_INTERP).
const elfInterpreter = 3

// loader returns the dynamic loader that an ELF program states in its first bytes, or "".
func loader(head []byte) string {
	if len(head) < elfEnd || string(head[:elfClass]) != "\x7fELF" {
		return ""
	}
	layout, ok := elfLayouts[head[elfClass]]
	if !ok || len(head) < layout.end {
		return ""
	}
	order := binary.ByteOrder(binary.LittleEndian)
	if head[elfData] == 2 {
		order = binary.BigEndian
	}
	number := func(b []byte) uint64 {
		if layout.wide {
			return order.Uint64(b)
		}
		return uint64(order.Uint32(b))
	}
	at := number(head[layout.tableOffset:])
	step := uint64(order.Uint16(head[layout.entrySize:]))
	size := uint64(len(head))
	for range order.Uint16(head[layout.entries:]) {
		if at > size || size-at < uint64(layout.entryEnd) || step == 0 {
			return ""
		}
		entry := head[at:]
		at += step
		if order.Uint32(entry) != elfInterpreter {
			continue
		}
		start, length := number(entry[layout.fileOffset:]), number(entry[layout.fileSize:])
		if start > size || length > size-start {
			return ""
		}
		name, _, _ := strings.Cut(string(head[start:start+length]), "\x00")
		return name
	}
	return ""
}
