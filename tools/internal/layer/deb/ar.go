package deb

import (
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
)

// The layout of an ar archive: the magic, then each member with a header of 60 bytes and its content, padded to an even
// number of bytes (deb(5)).
const (
	arMagic  = "!<arch>\n"
	arHeader = 60
	arEnd    = "`\n" // at the end of each header
)

var errCut = errors.New("the package is truncated")

// member is a file in an ar archive.
type member struct {
	name string
	*io.SectionReader
}

// readAr returns the members of an ar archive. It supports short names only, which is all that packages have.
func readAr(r *io.SectionReader) ([]member, error) {
	head := make([]byte, arHeader)
	if _, err := r.ReadAt(head[:len(arMagic)], 0); err != nil || string(head[:len(arMagic)]) != arMagic {
		return nil, errors.New("not a Debian package")
	}
	var members []member
	for at := int64(len(arMagic)); at < r.Size(); {
		if _, err := r.ReadAt(head, at); err == io.EOF {
			return nil, errCut
		} else if err != nil {
			return nil, err
		}
		at += arHeader
		name := strings.TrimSuffix(strings.TrimRight(string(head[:16]), " "), "/")
		size, err := strconv.ParseInt(strings.TrimRight(string(head[48:58]), " "), 10, 64)
		switch {
		case string(head[58:]) != arEnd || name == "":
			return nil, fmt.Errorf("damaged near byte %d: invalid header", at)
		case err != nil || size < 0:
			return nil, fmt.Errorf("member %q: the size %q is not a number", name, head[48:58])
		case size > r.Size()-at:
			return nil, errCut
		case len(members) == maxMembers:
			return nil, fmt.Errorf("more than %d members", maxMembers)
		}
		members = append(members, member{name, io.NewSectionReader(r, at, size)})
		at += size + size&1
	}
	return members, nil
}

// maxMembers is far above the three that a package has.
const maxMembers = 100
