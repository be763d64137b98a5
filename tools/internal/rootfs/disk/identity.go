package disk

import (
	"crypto/sha256"
	"encoding/binary"
	"hash"
	"io"
)

// identity derives a UUID from the data written to a file. It is a writer for metadata, whose order is fixed. Contents come in
// an order that depends on the layers, and must not affect the result, so their hashes are combined by exclusive or. The
// bytes that nothing writes are not read, because most of a file system image may be free space.
type identity struct {
	w        io.WriterAt
	metadata hash.Hash
	contents [sha256.Size]byte
}

func newIdentity(w io.WriterAt) *identity { return &identity{w: w, metadata: sha256.New()} }

// WriteAt implements io.WriterAt.
func (i *identity) WriteAt(b []byte, at int64) (int, error) {
	head := binary.LittleEndian.AppendUint64(nil, uint64(at))
	i.metadata.Write(binary.LittleEndian.AppendUint64(head, uint64(len(b)))) // a hash never fails
	i.metadata.Write(b)
	return i.w.WriteAt(b, at)
}

// add adds a content by its hash and the place where it begins.
func (i *identity) add(extents []Extent, sum []byte) {
	placed := sha256.Sum256(binary.LittleEndian.AppendUint64(sum, uint64(extents[0].To)))
	for n := range i.contents {
		i.contents[n] ^= placed[n]
	}
}

// uuid returns a UUID of version 8 (RFC 9562).
func (i *identity) uuid() []byte {
	uuid := sha256.Sum256(i.metadata.Sum(i.contents[:]))
	uuid[6] = uuid[6]&0x0f | 0x80
	uuid[8] = uuid[8]&0x3f | 0x80
	return uuid[:16]
}
