package conda

import (
	"archive/zip"
	"context"
	"errors"
	"fmt"
	"io"
	"path"
	"strings"

	"github.com/rules-strata/rules_strata/tools/internal/layer/decompress"
	"github.com/rules-strata/rules_strata/tools/internal/layer/tarfile"
	"github.com/rules-strata/rules_strata/tools/internal/layer/tree"
)

// infoDir is the directory of the files that describe a package. They are not installed.
const infoDir = "/info/"

// maxInfo bounds a file that describes the package and is read into memory, in bytes. A list of 100,000 paths has about
// 30 MB.
const maxInfo = 128 << 20

var errFormat = errors.New("not a Conda package: neither a zip (.conda) nor a tar packed with bzip2 (.tar.bz2)")

// contents are the unpacked parts of a package.
type contents struct {
	archives []*tarfile.Archive
	members  decompress.Spool       // members of a zip that are compressed in it
	info     map[string]*tree.Entry // by the path below info/
	payload  map[string]*tree.Entry // by the path, which is absolute and clean
}

// Close releases the files that the contents are read from.
func (c *contents) Close() error {
	err := c.members.Close()
	for _, archive := range c.archives {
		err = errors.Join(err, archive.Close())
	}
	return err
}

// unpack reads the headers of a package, or only of the part that describes it if that is separate. What is packed is
// expanded in the directory scratch.
func unpack(ctx context.Context, r *io.SectionReader, scratch string, payload bool) (contents, error) {
	c := contents{
		members: decompress.Spool{Dir: scratch},
		info:    make(map[string]*tree.Entry),
		payload: make(map[string]*tree.Entry),
	}
	parts, err := c.split(r)
	for _, part := range parts {
		if err == nil && (part.isInfo || payload) {
			err = c.add(ctx, part, scratch)
		}
	}
	if err != nil {
		return contents{}, errors.Join(err, c.Close())
	}
	return c, nil
}

// part is a tar that holds a package, or a part of it.
type part struct {
	name string
	*io.SectionReader
	isInfo, isPayload bool
}

// split returns the tars in a package.
func (c *contents) split(r *io.SectionReader) ([]part, error) {
	magic := make([]byte, 3)
	if _, err := r.ReadAt(magic, 0); err != nil && err != io.EOF {
		return nil, err
	}
	switch {
	case string(magic) == "BZh":
		return []part{{"the archive", r, true, true}}, nil
	case string(magic[:2]) == "PK":
		return c.splitZip(r)
	}
	return nil, errFormat
}

// splitZip returns the two tars in a .conda archive. They are found by name: their order varies, and they may be in a
// directory.
func (c *contents) splitZip(r *io.SectionReader) ([]part, error) {
	archive, err := zip.NewReader(r, r.Size())
	if err != nil && !errors.Is(err, zip.ErrInsecurePath) {
		return nil, err
	}
	var found []part
	for _, kind := range []part{{name: "info", isInfo: true}, {name: "pkg", isPayload: true}} {
		member, err := find(archive, kind.name)
		if err != nil {
			return nil, err
		}
		kind.name = member.Name
		if kind.SectionReader, err = c.member(r, member); err != nil {
			return nil, fmt.Errorf("%s: %w", member.Name, err)
		}
		found = append(found, kind)
	}
	return found, nil
}

// member returns the bytes of a member of the zip r. Usually the zip stores them uncompressed.
func (c *contents) member(r *io.SectionReader, f *zip.File) (*io.SectionReader, error) {
	offset, err := f.DataOffset()
	if err != nil {
		return nil, err
	}
	if f.CompressedSize64 > uint64(max(r.Size()-offset, 0)) {
		return nil, errors.New("the package is truncated")
	}
	packed := int64(f.CompressedSize64)
	if f.Method == zip.Store {
		return io.NewSectionReader(r, offset, packed), nil
	}
	if f.UncompressedSize64 > uint64(decompress.Limit(packed)) {
		return nil, decompress.ErrLimit
	}
	plain, err := f.Open()
	if err != nil {
		return nil, err
	}
	defer plain.Close()
	return c.members.Add(plain) // plain has as many bytes as the zip states, or ends in an error
}

// find returns the member of a .conda archive of one kind, KIND-NAME.tar.zst.
func find(archive *zip.Reader, kind string) (*zip.File, error) {
	var found *zip.File
	for _, f := range archive.File {
		base := path.Base(f.Name)
		if !strings.HasPrefix(base, kind+"-") || !strings.Contains(base, ".tar") {
			continue
		}
		if found != nil {
			return nil, fmt.Errorf("two members %s-*: %s and %s", kind, found.Name, f.Name)
		}
		found = f
	}
	if found == nil {
		return nil, fmt.Errorf("not a Conda package: the zip has no member %s-*.tar.zst", kind)
	}
	return found, nil
}

// add adds the files of a part. Only a .tar.bz2 has both kinds of files in one tar.
func (c *contents) add(ctx context.Context, p part, scratch string) error {
	archive, err := tarfile.New(ctx, p.SectionReader, p.name, scratch)
	if err != nil {
		return err
	}
	c.archives = append(c.archives, archive)
	entries, err := archive.Read()
	if err != nil {
		return err
	}
	for _, e := range entries {
		name, isInfo := strings.CutPrefix(e.Path, infoDir)
		switch {
		case e.Kind == tree.Whiteout || e.Kind == tree.Opaque:
			return fmt.Errorf("%s: a package must not contain a whiteout", e.Path)
		case isInfo && p.isInfo:
			c.info[name] = e
		case !isInfo && p.isPayload:
			c.payload[e.Path] = e
		}
	}
	return nil
}

// read returns a file that describes the package. ok is false if the package does not have it.
func (c *contents) read(name string) (data []byte, ok bool, err error) {
	e := c.info[name]
	if e == nil || e.Kind != tree.File {
		return nil, false, nil
	}
	data, err = readContent(e.Content, maxInfo)
	if err != nil {
		return nil, false, fmt.Errorf("info/%s: %w", name, err)
	}
	return data, true, nil
}

// readContent reads a content of at most limit bytes.
func readContent(c tree.Content, limit int64) ([]byte, error) {
	if c == nil {
		return nil, nil
	}
	r, size, err := c.Open()
	if err != nil {
		return nil, err
	}
	defer r.Close()
	if size > limit {
		return nil, fmt.Errorf("%d bytes, the limit is %d", size, limit)
	}
	return io.ReadAll(r)
}
