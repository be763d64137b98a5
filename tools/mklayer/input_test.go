package main

import (
	"archive/tar"
	"bytes"
	"debug/elf"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
	"github.com/ulikunitz/xz"
)

// makeInput writes an archive to path, packed as the suffix of its name states, with the entries "TYPE NAME [TEXT]". The
// text is a file's content ("0"), a link's target ("1", "2"), or unused. All entries belong to 5:6 and have the
// modification time 7. The content "@ARCHITECTURE" stands for the beginning of a program for that architecture.
//
// If the name ends in ".deb", the first entry is the text of the package's control file.
func makeInput(path string, entries []string) error {
	if filepath.Ext(path) == ".deb" {
		return makeDeb(path, strings.ReplaceAll(entries[0], `\n`, "\n"), entries[1:])
	}
	data, err := makeTar(entries)
	if err != nil {
		return err
	}
	return writePacked(path, data)
}

func makeDeb(path, control string, entries []string) error {
	controls, errControl := makeTar([]string{"0 control " + control})
	data, errData := makeTar(entries)
	return errors.Join(errControl, errData, os.WriteFile(path, makeAr(controls, data), 0o644))
}

// makeAr makes a package from its two archives.
func makeAr(controls, data []byte) []byte {
	b := bytes.NewBufferString("!<arch>\n")
	for _, m := range []struct {
		name string
		data []byte
	}{{"debian-binary", []byte("2.0\n")}, {"control.tar", controls}, {"data.tar", data}} {
		fmt.Fprintf(b, "%-16s%-12d%-6d%-6d%-8s%-10d`\n%s", m.name, 0, 0, 0, "100644", len(m.data), m.data)
		if len(m.data)%2 == 1 {
			b.WriteByte('\n')
		}
	}
	return b.Bytes()
}

func makeTar(entries []string) ([]byte, error) {
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	for _, entry := range entries {
		words := append(strings.SplitN(entry, " ", 3), "")
		kind, name, text := words[0][0], words[1], words[2]
		h := tar.Header{Typeflag: kind, Name: name, Mode: 0o640, Uid: 5, Gid: 6, ModTime: time.Unix(7, 0)}
		switch kind {
		case tar.TypeReg:
			if architecture, ok := strings.CutPrefix(text, "@"); ok {
				text = elfHeader(architecture)
			}
			h.Size = int64(len(text))
			h.PAXRecords = map[string]string{"SCHILY.xattr.user.kind": "file"}
		case tar.TypeLink, tar.TypeSymlink:
			h.Linkname, text = text, ""
		case tar.TypeChar:
			h.Devmajor, h.Devminor = 1, 3
		}
		if err := w.WriteHeader(&h); err != nil {
			return nil, err
		}
		if _, err := io.WriteString(w, text); err != nil {
			return nil, err
		}
	}
	err := w.Close()
	return b.Bytes(), err
}

// elfHeader returns the header of an ELF file; "none" stands for a BPF program.
func elfHeader(architecture string) string {
	number := map[string]elf.Machine{"amd64": elf.EM_X86_64, "arm64": elf.EM_AARCH64, "none": elf.EM_BPF}[architecture]
	header := elf.Header64{
		Ident:   [elf.EI_NIDENT]byte{0x7f, 'E', 'L', 'F', byte(elf.ELFCLASS64), byte(elf.ELFDATA2LSB)},
		Machine: uint16(number),
	}
	var b bytes.Buffer
	binary.Write(&b, binary.LittleEndian, header) // a Buffer never fails
	return b.String()
}

func writePacked(path string, data []byte) error {
	var b bytes.Buffer
	var w io.WriteCloser
	var err error
	switch filepath.Ext(path) {
	case ".gz":
		w = gzip.NewWriter(&b)
	case ".xz":
		w, err = xz.NewWriter(&b)
	case ".zst":
		w, err = zstd.NewWriter(&b)
	default:
		return os.WriteFile(path, data, 0o644)
	}
	if err != nil {
		return err
	}
	if _, err := w.Write(data); err != nil {
		return err
	}
	if err := w.Close(); err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	return os.WriteFile(path, b.Bytes(), 0o644)
}
