package main

import (
	"bytes"
	"debug/elf"
	"encoding/binary"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// corpusFile is a file of the corpus, or a symlink of the layer, or an empty directory if it has neither data nor a target.
type corpusFile struct {
	path   string
	data   []byte
	target string
}

// corpus is the input of the golden digests: empty and short files, text, noise, a program, many small files, and names
// that need more than a plain header. It is the same on every machine: code generates it, and PCG and ChaCha8 are specified.
func corpus() []corpusFile {
	rng := rand.New(rand.NewPCG(3, 4))
	files := []corpusFile{
		{"empty", []byte{}, ""},
		{"tiny", []byte("x"), ""},
		{"script", []byte("#!/bin/sh\nexit 0\n"), ""},
		{"text", text(rng, 3<<20+17), ""},
		{"noise", noise(2<<20 + 511), ""},
		{"zeros", make([]byte, 1<<20), ""},
		{"program", program(rng, 1<<20+1), ""},
		{"café/naïve", []byte("é\n"), ""},
		{strings.Repeat("n", 255), []byte("a name of 255 bytes\n"), ""},
		{strings.Repeat("deep/", 60) + "file", []byte("a path of 304 bytes\n"), ""},
		{"void/within", nil, ""},
		{"links/dangling", nil, "no/where"},
		{"links/absolute", nil, "/etc/passwd"},
		{"links/up", nil, "../tiny"},
	}
	for i := range 300 {
		files = append(files, corpusFile{fmt.Sprintf("few/%d/%03d", i%7, i), text(rng, rng.IntN(1500)), ""})
	}
	for _, size := range []int{511, 512, 513} {
		files = append(files, corpusFile{fmt.Sprintf("sizes/%d", size), text(rng, size), ""})
	}
	return files
}

func text(rng *rand.Rand, size int) []byte {
	words := strings.Fields("a layer is a pure function of its files and of nothing else at all: not of the machine")
	var b bytes.Buffer
	for b.Len() < size {
		fmt.Fprintf(&b, "%s %s %d\n", words[rng.IntN(len(words))], words[rng.IntN(len(words))], rng.IntN(1000))
	}
	return b.Bytes()[:size]
}

// noise returns incompressible bytes.
func noise(size int) []byte {
	data := make([]byte, size)
	rand.NewChaCha8([32]byte{1}).Read(data)
	return data
}

// program returns an ELF file for x86-64 with size bytes that resemble machine code.
func program(rng *rand.Rand, size int) []byte {
	const base, headers = 0x400000, 64 + 56
	length := uint64(headers + size)
	header := elf.Header64{
		Ident: [elf.EI_NIDENT]byte{0x7f, 'E', 'L', 'F', byte(elf.ELFCLASS64), byte(elf.ELFDATA2LSB), byte(elf.EV_CURRENT)},
		Type:  uint16(elf.ET_EXEC), Machine: uint16(elf.EM_X86_64), Version: uint32(elf.EV_CURRENT),
		Entry: base + headers, Phoff: 64, Ehsize: 64, Phentsize: 56, Phnum: 1,
	}
	segment := elf.Prog64{Type: uint32(elf.PT_LOAD), Flags: uint32(elf.PF_R | elf.PF_X), Vaddr: base, Paddr: base,
		Filesz: length, Memsz: length, Align: 0x1000}
	var b bytes.Buffer
	// A bytes.Buffer never fails, and both structs have a fixed size.
	binary.Write(&b, binary.LittleEndian, header)
	binary.Write(&b, binary.LittleEndian, segment)
	for b.Len() < int(length) {
		// mov rax, [rsp+N]; call NEAR
		b.Write([]byte{0x48, 0x8b, 0x44, 0x24, byte(rng.IntN(32) * 8), 0xe8, byte(rng.IntN(256)), byte(rng.IntN(4)), 0, 0})
	}
	return b.Bytes()[:length]
}

// Other programs recognize the corpus's ELF file as one.
func TestProgram(t *testing.T) {
	file, err := elf.NewFile(bytes.NewReader(program(rand.New(rand.NewPCG(1, 1)), 100)))
	if err != nil || file.Machine != elf.EM_X86_64 || len(file.Progs) != 1 || file.Progs[0].Filesz != 220 {
		t.Errorf("%+v, %v", file, err)
	}
}

// write writes the corpus below dir, without the symlinks. The seed determines the order and the permission bits.
func write(t *testing.T, dir string, seed uint64) {
	t.Helper()
	rng := rand.New(rand.NewPCG(seed, 0))
	files := corpus()
	rng.Shuffle(len(files), func(i, j int) { files[i], files[j] = files[j], files[i] })
	for _, f := range files {
		if f.target != "" {
			continue
		}
		path := filepath.Join(dir, f.path)
		err := os.MkdirAll(filepath.Dir(path), 0o755)
		switch {
		case err != nil:
		case f.data == nil:
			err = os.Mkdir(path, 0o700)
		default:
			err = os.WriteFile(path, f.data, 0o600)
			if err == nil {
				err = os.Chmod(path, []fs.FileMode{0o400, 0o600, 0o644, 0o666, 0o755, 0o777}[rng.IntN(6)])
			}
		}
		if err != nil {
			t.Fatal(err)
		}
	}
}
