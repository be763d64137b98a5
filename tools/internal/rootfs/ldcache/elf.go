package ldcache

import (
	"bytes"
	"debug/elf"
	"io"
)

// object is what the cache needs to know about an ELF file.
type object struct {
	flags  uint32
	soname string // "" if it has none
}

// maxTable bounds the dynamic section and names that are read, in bytes.
const (
	maxTable = 1 << 20
	maxName  = 4096
)

// readObject returns what a shared library is, or false for any other file. As ldconfig does, it reads the program headers.
func readObject(r io.ReaderAt) (object, bool) {
	f, err := elf.NewFile(r)
	if err != nil || f.Type != elf.ET_DYN || f.ByteOrder.String() != "LittleEndian" {
		return object{}, false
	}
	o := object{}
	switch {
	case f.Machine == elf.EM_X86_64 && f.Class == elf.ELFCLASS64:
		o.flags = flagX8664
	case f.Machine == elf.EM_AARCH64 && f.Class == elf.ELFCLASS64:
		o.flags = flagAArch64
	case f.Machine == elf.EM_386 && f.Class == elf.ELFCLASS32:
		o.flags = flagLibc6
	default:
		return object{}, false
	}
	for _, p := range f.Progs {
		if p.Type == elf.PT_DYNAMIC {
			o.soname = soname(f, p)
			return o, true
		}
	}
	return object{}, false
}

// soname returns the name in a dynamic section, or "".
func soname(f *elf.File, dynamic *elf.Prog) string {
	data := make([]byte, min(dynamic.Filesz, maxTable))
	if _, err := dynamic.ReadAt(data, 0); err != nil && err != io.EOF {
		return ""
	}
	word := func(at int) uint64 { return f.ByteOrder.Uint64(data[at:]) }
	size := 8
	if f.Class == elf.ELFCLASS32 {
		size = 4
		word = func(at int) uint64 { return uint64(f.ByteOrder.Uint32(data[at:])) }
	}
	var name, table uint64
	found := false
	for at := 0; at+2*size <= len(data); at += 2 * size {
		value := word(at + size)
		switch tag := elf.DynTag(word(at)); tag {
		case elf.DT_NULL:
			at = len(data)
		case elf.DT_SONAME:
			name, found = value, true
		case elf.DT_STRTAB:
			table = value
		}
	}
	if !found {
		return ""
	}
	return textAt(f, table+name)
}

// textAt returns the text at an address, or "".
func textAt(f *elf.File, address uint64) string {
	for _, p := range f.Progs {
		if p.Type != elf.PT_LOAD || address < p.Vaddr || address-p.Vaddr >= p.Filesz {
			continue
		}
		data := make([]byte, min(p.Filesz-(address-p.Vaddr), maxName))
		n, err := p.ReadAt(data, int64(address-p.Vaddr))
		if err != nil && err != io.EOF {
			return ""
		}
		text, _, whole := bytes.Cut(data[:n], []byte{0})
		if !whole {
			return ""
		}
		return string(text)
	}
	return ""
}
