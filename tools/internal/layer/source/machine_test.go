package source

import (
	"debug/elf"
	"encoding/binary"
	"testing"
)

func TestArchitecture(t *testing.T) {
	start := func(class elf.Class, data elf.Data, machine elf.Machine) string {
		b := make([]byte, SniffLen)
		copy(b, elf.ELFMAG)
		b[elf.EI_CLASS], b[elf.EI_DATA] = byte(class), byte(data)
		if data == elf.ELFDATA2MSB {
			binary.BigEndian.PutUint16(b[18:], uint16(machine))
		} else {
			binary.LittleEndian.PutUint16(b[18:], uint16(machine))
		}
		return string(b)
	}
	const little, big = elf.ELFDATA2LSB, elf.ELFDATA2MSB
	for text, want := range map[string]string{
		start(elf.ELFCLASS32, little, elf.EM_386):         "386",
		start(elf.ELFCLASS64, little, elf.EM_X86_64):      "amd64",
		start(elf.ELFCLASS32, little, elf.EM_X86_64):      "amd64",
		start(elf.ELFCLASS32, little, elf.EM_ARM):         "arm",
		start(elf.ELFCLASS64, little, elf.EM_AARCH64):     "arm64",
		start(elf.ELFCLASS64, big, elf.EM_AARCH64):        "", // no such platform
		start(elf.ELFCLASS64, little, elf.EM_RISCV):       "riscv64",
		start(elf.ELFCLASS64, big, elf.EM_S390):           "s390x",
		start(elf.ELFCLASS32, big, elf.EM_S390):           "",
		start(elf.ELFCLASS64, little, elf.EM_PPC64):       "ppc64le",
		start(elf.ELFCLASS64, big, elf.EM_PPC64):          "ppc64",
		start(elf.ELFCLASS32, little, elf.EM_MIPS):        "mipsle",
		start(elf.ELFCLASS32, big, elf.EM_MIPS):           "mips",
		start(elf.ELFCLASS64, little, elf.EM_MIPS):        "mips64le",
		start(elf.ELFCLASS64, big, elf.EM_MIPS):           "mips64",
		start(elf.ELFCLASS64, little, elf.EM_LOONGARCH):   "loong64",
		start(elf.ELFCLASS64, little, elf.EM_BPF):         "",
		start(elf.ELFCLASS64, little, elf.EM_X86_64)[:19]: "",
		start(elf.ELFCLASS64, little, elf.EM_X86_64)[:20]: "amd64",
		"#!/bin/sh": "",
		"":          "",
		"\x7fELF":   "",
	} {
		if got := Architecture([]byte(text)); got != want {
			t.Errorf("Architecture(%.20q) = %q, want %q", text, got, want)
		}
	}
}
