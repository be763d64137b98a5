package source

import "encoding/binary"

// Fields of an ELF header ("Executable and Linking Format", ELF Header).
const (
	elfClass   = 4 // 1 for 32 bits, 2 for 64
	elfData    = 5 // 1 for least significant byte first, 2 for most
	elfMachine = 18
	elfEnd     = 20
)

// machine identifies a processor's machine code in an ELF header.
type machine struct {
	number      uint16
	class, data byte
}

// architectures are the processors that containers run on, as GOARCH values.
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
	{62, 1, 1}:  "amd64", // x32, which runs on the same processors
	{62, 2, 1}:  "amd64",
	{183, 2, 1}: "arm64",
	{243, 2, 1}: "riscv64",
	{258, 2, 1}: "loong64",
}

// Architecture returns the architecture, as a GOARCH value, of a file with machine code: a program, a library, or an
// object file. start is the beginning of the file, SniffLen bytes if it has that many. The result is "" for a file that is
// not ELF, and for code that no container runs (firmware, programs for a kernel's virtual machine).
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
