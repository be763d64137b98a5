package source

import "encoding/binary"

// Fields of an ELF header ("Executable and Linking Format", ELF Header).
const (
	elfClass   = 4 // 1 for 32 bits, 2 for 64
	elfData    = 5 // 1 for least significant byte first, 2 for most
	elfMachine = 18
	elfEnd     = 20
)

// machine is what a processor's machine code is called in an ELF header.
type machine struct {
	number      uint16
	class, data byte
}

// architectures are the processors that containers run on, in the words of GOARCH.
var architectures = map[machine]string{
	{3, 1, 1}:   "386",
	{8, 1, 1}:   "mipsle",
	{8, 1, 2}:   "mips",
	{8, 2, 1}:   "mips64le",
	{8, 2, 2}:   "mips64",
	{21, 2, 1}:  "ppc64le",
	{21, 2, 2}:  "ppc64",
	{22, 2, 2}:  "s390x",
	{40, 1, 1}:  "arm",
	{62, 1, 1}:  "amd64", // x32, which is for the same processors
	{62, 2, 1}:  "amd64",
	{183, 2, 1}: "arm64",
	{243, 2, 1}: "riscv64",
	{258, 2, 1}: "loong64",
}

// Architecture returns the architecture, in the words of GOARCH, that a file is machine code for: a program, a library,
// a part of one. start is how the file begins, SniffLen bytes if it has so many. All that is not ELF, and code for what
// no container runs on (firmware, programs for a kernel's virtual machine), is for none: "".
func Architecture(start []byte) string {
	if len(start) < elfEnd || string(start[:elfClass]) != "\x7fELF" {
		return ""
	}
	order := binary.ByteOrder(binary.LittleEndian)
	if start[elfData] == 2 {
		order = binary.BigEndian
	}
	return architectures[machine{order.Uint16(start[elfMachine:]), start[elfClass], start[elfData]}]
}
