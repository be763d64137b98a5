package sbom

import (
	"crypto/sha1" // the hash of version 5 UUIDs (RFC 9562, section 5.5); nothing relies on it for security
	"fmt"
	"io"
	"maps"
	"os"
	"slices"

	"github.com/rules-strata/rules_strata/tools/internal/oci"
	"github.com/rules-strata/rules_strata/tools/internal/oci/digest"
)

// Format is a format of documents.
type Format string

// The formats. Table is the JSON of Document, for reports.
const (
	SPDX      Format = "spdx"
	CycloneDX Format = "cyclonedx"
	Table     Format = "table"
)

// Formats are the names of all formats.
var Formats = []string{string(SPDX), string(CycloneDX), string(Table)}

// creator is the tool that the documents name. It has no version, so that a new version of the tool does not change them.
const creator = "rules_strata"

// Write returns the bytes of the document in a format. created is a time in the format of RFC 3339, or empty.
func (d *Document) Write(format Format, created string) ([]byte, error) {
	switch format {
	case SPDX:
		return identified(d, func(id string) any { return d.spdx(id, created) })
	case CycloneDX:
		return identified(d, func(id string) any { return d.cycloneDX(id, created) })
	case Table:
		return oci.Marshal(d)
	}
	return nil, fmt.Errorf("unknown format %q", format)
}

// maxTable bounds a table that is read, in bytes. 100,000 packages have about 30 MB.
const maxTable = 128 << 20

// ReadTable reads a document that Write wrote as a Table.
func ReadTable(path string) (*Document, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, maxTable+1))
	if err != nil {
		return nil, err
	}
	if len(data) > maxTable {
		return nil, fmt.Errorf("%s: more than %d bytes", path, maxTable)
	}
	d := new(Document)
	if err := oci.Unmarshal(data, d); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return d, nil
}

// identified returns a document with its identifier, a UUID that is derived from the digest of the subject and from the rest of
// the document: two documents about one image differ if one of them knows more.
func identified(d *Document, make func(id string) any) ([]byte, error) {
	data, err := oci.Marshal(make(""))
	if err != nil {
		return nil, err
	}
	return oci.Marshal(make("urn:uuid:" + uuid(string(d.Subject.Digest)+"\n"+string(digest.FromBytes(data)))))
}

// namespaceURL is the namespace of UUIDs for names that are URLs (RFC 9562, section 6.6).
var namespaceURL = [16]byte{0x6b, 0xa7, 0xb8, 0x11, 0x9d, 0xad, 0x11, 0xd1, 0x80, 0xb4, 0x00, 0xc0, 0x4f, 0xd4, 0x30, 0xc8}

// uuid returns the UUID of version 5 for a name.
func uuid(name string) string {
	h := sha1.New()
	h.Write(namespaceURL[:])
	h.Write([]byte("https://github.com/rules-strata/rules_strata/sbom\n" + name))
	u := h.Sum(nil)[:16]
	u[6] = u[6]&0x0f | 0x50
	u[8] = u[8]&0x3f | 0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", u[:4], u[4:6], u[6:8], u[8:10], u[10:])
}

// everyImage returns the subject, the images of an index and the bases.
func (d *Document) everyImage() []*Image {
	all := []*Image{&d.Subject}
	for i := range d.Images {
		all = append(all, &d.Images[i])
	}
	for i := range d.Bases {
		all = append(all, &d.Bases[i])
	}
	return all
}

// references returns the LicenseRefs of all components with the names that they stand for, sorted.
func (d *Document) references() [][2]string {
	names := make(map[string]string)
	for _, c := range d.Components {
		maps.Copy(names, c.expression.References())
	}
	var sorted [][2]string
	for _, id := range slices.Sorted(maps.Keys(names)) {
		sorted = append(sorted, [2]string{id, names[id]})
	}
	return sorted
}
