package tarfile

import (
	"archive/tar"
	"bytes"
	"errors"
	"fmt"
	"strings"
)

// ErrForm is returned for an archive that can be repacked as a layer, but not kept unchanged: programs other than
// archive/tar may read it differently, or it has features that only GNU tar supports.
var ErrForm = errors.New("programs disagree on how to read the archive")

// screen reads the headers of an archive a second time, strictly according to POSIX, while archive/tar reads them.
// archive/tar repairs or skips malformed data that other programs repair differently or do not skip, so a file could be
// visible to only some programs. The screen detects that.
//
// Ambiguity about the positions of entries is an error. Ambiguity about their meaning makes the archive odd: it is then
// read like archive/tar and the engines that use it read it, but must not be kept unchanged.
type screen struct {
	err  error
	odd  bool
	tar  bool // a header block was found that only a tar archive has
	done bool // the end of the archive was found

	next int64  // the offset of the bytes to check next
	need int    // how many bytes to check
	part []byte // the bytes seen so far
	kind byte   // the kind of the extended header whose content they are, or 0 for a header block
	size int64  // the size of that content

	ext  extension
	seen header // the last entry
}

// extension holds the extended headers of the next entry.
type extension struct {
	kinds   string // their types
	records map[string]string
}

// header is an entry as the screen sees it.
type header struct {
	name, link string
	kind       byte
	size       int64 // of the content in the archive
	at         int64 // the offset of the content
}

// feed checks the bytes p at the offset at of the archive.
func (s *screen) feed(p []byte, at int64) {
	for len(p) > 0 && !s.done && s.err == nil {
		if s.need == 0 {
			s.need = blockSize
		}
		n := int64(len(p))
		switch {
		case at < s.next:
			n = min(n, s.next-at)
		case at > s.next:
			s.err = errSkipped
		default:
			n = min(n, int64(s.need-len(s.part)))
			s.part = append(s.part, p[:n]...)
			s.next += n
		}
		p, at = p[n:], at+n
		if len(s.part) == s.need {
			part := s.part
			s.part, s.need = nil, 0
			s.err = s.piece(part)
		}
	}
}

// errSkipped is returned when archive/tar skipped the next header.
var errSkipped = errors.New("programs disagree on where its content ends")

// piece handles a header block, or the content of an extended header.
func (s *screen) piece(data []byte) error {
	kind := s.kind
	s.kind = 0
	switch kind {
	case 0:
		return s.header(data)
	case tar.TypeGNUSparse:
		s.sparse(data[504])
		return nil
	}
	return s.extend(kind, data[:s.size])
}

func (s *screen) header(b []byte) error {
	if len(bytes.Trim(b, "\x00")) == 0 {
		s.done = true
		return nil
	}
	if sum, ok := number(b[148:156]); !ok || sum != checksum(b) {
		s.odd = true // a sum of signed bytes; archive/tar rejects any other
	} else {
		s.tar = true
	}
	size, ok := number(b[124:136])
	if !ok || size < 0 {
		return fmt.Errorf("the size %q is not an octal number, so programs read it differently", b[124:136])
	}
	switch kind := b[156]; kind {
	case tar.TypeXHeader, tar.TypeXGlobalHeader, tar.TypeGNULongName, tar.TypeGNULongLink:
		if size > maxExtension {
			return fmt.Errorf("an extended header has %d bytes, the limit is %d", size, maxExtension)
		}
		if size == 0 {
			return s.extend(kind, nil)
		}
		s.kind, s.size, s.need = kind, size, int(padded(size))
		return nil
	}
	return s.entry(b, size)
}

// maxExtension is the largest extended header that archive/tar reads.
const maxExtension = 1 << 20

// extend handles the content of an extended header.
func (s *screen) extend(kind byte, data []byte) error {
	if s.ext.kinds != "" && kind == tar.TypeXGlobalHeader || strings.IndexByte(s.ext.kinds, kind) >= 0 {
		return errors.New("two extended headers for one entry, which programs read differently")
	}
	switch kind {
	case tar.TypeXGlobalHeader:
		s.odd = true // umoci does not support it
		_, err := s.records(data)
		return err
	case tar.TypeXHeader:
		records, err := s.records(data)
		if err != nil {
			return err
		}
		return s.ext.add(kind, records)
	}
	key := "path"
	if kind == tar.TypeGNULongLink {
		key = "linkpath"
	}
	name, _, ended := bytes.Cut(data, []byte{0})
	s.odd = s.odd || !ended // GNU tar reads beyond the end
	if len(name) == 0 {
		return fmt.Errorf("an empty %s in an extended header", key)
	}
	return s.ext.add(kind, map[string]string{key: string(name)})
}

func (e *extension) add(kind byte, records map[string]string) error {
	e.kinds += string(kind)
	if e.records == nil {
		e.records = make(map[string]string)
	}
	for key, value := range records {
		if _, twice := e.records[key]; twice {
			return fmt.Errorf("a second %s in an extended header", key)
		}
		e.records[key] = value
	}
	return nil
}

// entry handles the header block of an entry.
func (s *screen) entry(b []byte, size int64) error {
	h := header{name: text(b[0:100]), link: text(b[157:257]), kind: b[156], size: size, at: s.next}
	if prefix := text(b[345:500]); string(b[257:265]) == "ustar\x0000" && prefix != "" {
		h.name = prefix + "/" + h.name
	}
	records := s.ext.records
	if value, ok := records["path"]; ok {
		h.name = value
	}
	if value, ok := records["linkpath"]; ok {
		s.odd = s.odd || h.link == "" // bsdtar ignores the record if the block has no link
		h.link = value
	}
	if value, ok := records["size"]; ok {
		if h.size, ok = decimal(value); !ok {
			return fmt.Errorf("the size %q in an extended header is not a number", value)
		}
	}
	fields := [][]byte{b[100:108], b[108:116], b[116:124], b[136:148]} // mode, owners, time
	if h.kind == tar.TypeChar || h.kind == tar.TypeBlock {
		fields = append(fields, b[329:337], b[337:345])
	}
	for _, field := range fields {
		if _, ok := number(field); !ok {
			s.odd = true
		}
	}
	if !isFormat(b) {
		s.odd = true
	}
	isDir := strings.HasSuffix(h.name, "/")
	switch h.kind {
	case 0: // in Unix V7, only the name marks a directory
		h.kind = tar.TypeReg
		if isDir {
			h.kind = tar.TypeDir
		}
	case tar.TypeReg, tar.TypeCont:
		s.odd = s.odd || h.kind == tar.TypeCont // a separate type for GNU tar
		if isDir {
			return errors.New(`a file whose name ends with "/", which some programs take for a directory`)
		}
	}
	switch h.kind {
	case tar.TypeLink, tar.TypeSymlink, tar.TypeChar, tar.TypeBlock, tar.TypeDir, tar.TypeFifo:
		if h.size != 0 {
			return fmt.Errorf("the type %q has no content, but the size is %d bytes, which only some programs skip",
				h.kind, h.size)
		}
	}
	s.ext = extension{}
	s.seen, s.size = h, h.size
	if h.kind == tar.TypeGNUSparse {
		s.sparse(b[482])
		return nil
	}
	s.next += padded(h.size)
	return nil
}

// sparse moves on to the next block of the map of a sparse file in GNU's old format if more is not 0, otherwise past the
// file's content.
func (s *screen) sparse(more byte) {
	s.odd = true
	if more != 0 {
		s.kind, s.need = tar.TypeGNUSparse, blockSize
		return
	}
	s.seen.at = s.next
	s.next += padded(s.seen.size)
}

// compare compares the entry h, whose content archive/tar reads at the offset at, with the entry that the screen has seen.
func (s *screen) compare(h *tar.Header, at int64) error {
	switch {
	case s.err != nil:
		return s.err
	case h.Typeflag == tar.TypeXGlobalHeader:
		return nil
	case isSparse(h):
		s.odd = true
		return nil
	case s.seen.at != at || s.seen.size != h.Size && s.seen.size != 0:
		return errSkipped
	}
	if s.seen.name != h.Name || s.seen.link != h.Linkname || s.seen.kind != h.Typeflag {
		s.odd = true
	}
	return nil
}
