package source

import (
	"bytes"
	"encoding/binary"
	"os"
	"strings"
	"testing"
)

// elfProgram returns the beginning of an ELF file with two entries in its program header table, the second of which
// states the loader.
func elfProgram(class byte, order binary.ByteOrder, name string) []byte {
	layout := elfLayouts[class]
	b := make([]byte, layout.end+2*layout.entryEnd)
	copy(b, "\x7fELF")
	b[elfClass], b[elfData] = class, 1
	if order == binary.BigEndian {
		b[elfData] = 2
	}
	number := func(at int, value int) {
		if layout.wide {
			order.PutUint64(b[at:], uint64(value))
		} else {
			order.PutUint32(b[at:], uint32(value))
		}
	}
	number(layout.tableOffset, layout.end)
	order.PutUint16(b[layout.entrySize:], uint16(layout.entryEnd))
	order.PutUint16(b[layout.entries:], 2)
	order.PutUint32(b[layout.end:], 1)
	second := layout.end + layout.entryEnd
	order.PutUint32(b[second:], elfInterpreter)
	number(second+layout.fileOffset, len(b))
	number(second+layout.fileSize, len(name)+1)
	return append(b, name+"\x00 and more"...)
}

func TestInterpreter(t *testing.T) {
	const loader = "/lib64/ld-linux-x86-64.so.2"
	wide := elfProgram(2, binary.LittleEndian, loader)
	far := bytes.Clone(wide)
	binary.LittleEndian.PutUint64(far[64+56+8:], 1<<20)
	huge := bytes.Clone(wide)
	binary.LittleEndian.PutUint64(huge[64+56+32:], 1<<63)
	table := bytes.Clone(wide)
	binary.LittleEndian.PutUint64(table[32:], 1<<63)
	library := bytes.Clone(wide)
	binary.LittleEndian.PutUint16(library[56:], 1)
	for _, c := range []struct {
		name, content, want string
	}{
		{"a script", "#!/bin/sh\necho\n", "/bin/sh"},
		{"with an argument", "#! /usr/bin/env  python3 \r\n", "/usr/bin/env  python3"},
		{"without a line feed", "#!/bin/sh", "/bin/sh"},
		{"a long line", "#!/" + strings.Repeat("x", 240) + "\n", "/" + strings.Repeat("x", 240)},
		{"too long a line", "#!/" + strings.Repeat("x", 260) + "\n", ""},
		{"a NUL byte", "#!/bin/\x00sh\n", ""},
		{"an empty line", "#!\n", ""},
		{"64 bits", string(wide), loader},
		{"32 bits", string(elfProgram(1, binary.LittleEndian, "/lib/ld.so")), "/lib/ld.so"},
		{"most significant byte first", string(elfProgram(2, binary.BigEndian, "/lib/ld64.so.1")), "/lib/ld64.so.1"},
		{"a library", string(library), ""},
		{"a loader far away", string(far), ""},
		{"a loader of 8 EiB", string(huge), ""},
		{"a table far away", string(table), ""},
		{"a short header", string(wide[:30]), ""},
		{"text", "echo", ""},
		{"nothing", "", ""},
	} {
		got, err := Interpreter(strings.NewReader(c.content))
		if err != nil || got != c.want {
			t.Errorf("%s: got %q, %v, want %q", c.name, got, err, c.want)
		}
	}
	if _, err := Interpreter(brokenReader{}); err == nil {
		t.Error("an error of the reader is lost")
	}
}

type brokenReader struct{}

func (brokenReader) Read([]byte) (int, error) { return 0, os.ErrClosed }

func FuzzInterpreter(f *testing.F) {
	f.Add([]byte("#!/bin/sh\n"))
	f.Add(elfProgram(1, binary.BigEndian, "/lib/ld.so"))
	f.Add(elfProgram(2, binary.LittleEndian, "/lib/ld.so"))
	f.Fuzz(func(t *testing.T, content []byte) {
		got, err := Interpreter(bytes.NewReader(content))
		if err != nil || strings.ContainsRune(got, 0) {
			t.Errorf("got %q, %v", got, err)
		}
	})
}
