package check

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"

	"github.com/rules-strata/rules_strata/tools/internal/check/rawtar"
	"github.com/rules-strata/rules_strata/tools/internal/oci"
	"github.com/rules-strata/rules_strata/tools/internal/oci/digest"
)

// layerKey identifies a way to check a layer. A layer that images share is checked once.
type layerKey struct {
	digest    digest.Digest
	mediaType string
	lenient   bool
}

// layerFacts holds the known facts about a layer after it has been checked.
type layerFacts struct {
	diffID digest.Digest // "" if the layer could not be decompressed
}

// layer checks a layer's blob, its compression and its tar.
func (in *inspector) layer(where string, d oci.Descriptor, lenient bool) layerFacts {
	key := layerKey{d.Digest, d.MediaType, lenient}
	if facts, ok := in.layers[key]; ok {
		return facts
	}
	if report, ok := in.checked(key, d.Size); ok {
		in.layers[key] = in.replay(where, report)
	} else {
		in.layers[key] = in.layerBlob(where, d, lenient)
	}
	return in.layers[key]
}

func (in *inspector) layerBlob(where string, d oci.Descriptor, lenient bool) layerFacts {
	b, ok := in.open(where, d)
	if !ok {
		return layerFacts{}
	}
	defer b.Close()
	in.tally.Layers++
	diff, err := in.unpack(where, b, lenient)
	if !b.verify() {
		return layerFacts{} // the blob's error has been reported
	}
	switch {
	case errors.Is(err, errTooLarge):
		in.add(where, ruleLayerLimit, "the layer decompresses to more than %d bytes", in.opts.MaxUncompressed)
	case errors.Is(err, errTrailing):
		in.add(where, ruleLayerTrailing, "%v", errTrailing)
	case err != nil:
		in.add(where, ruleLayerStream, "%v", err)
	default:
		return layerFacts{diffID: diff}
	}
	return layerFacts{}
}

// unpack decompresses a layer, checks its tar, and returns the digest of the decompressed bytes.
func (in *inspector) unpack(where string, b *blob, lenient bool) (digest.Digest, error) {
	packed := bufio.NewReaderSize(b, 64<<10)
	found := sniff(packed)
	if want, err := oci.LayerCompression(b.want.MediaType); err == nil && want != found {
		in.add(where, ruleLayerCodec, "compressed with %s, but the media type states %s", found, want)
	}
	plain, err := decompress(packed, found)
	if err != nil {
		return "", fmt.Errorf("the layer cannot be decompressed: %w", err)
	}
	defer plain.Close()
	diff := digest.NewWriter()
	bounded := &boundedReader{r: plain, left: in.opts.MaxUncompressed}
	tar := io.TeeReader(bounded, diff)
	in.tar(where, tar, lenient)
	io.Copy(io.Discard, tar) // bounded.err keeps any error
	return diff.Digest(), bounded.err
}

// tar checks the tar of a layer. The caller handles errors of the reader r.
func (in *inspector) tar(where string, r io.Reader, lenient bool) {
	report := func(entry, rule, text string) {
		if lenient && houseRules[rule] {
			return
		}
		place := where
		if entry != "" {
			place += entryMark + entry
		}
		in.add(place, rule, "%s", text)
	}
	entries := newEntries(report)
	for tar := rawtar.NewReader(r, report); ; {
		h, err := tar.Next()
		if err != nil {
			return // the end, a problem that has been reported, or an error of r
		}
		in.tally.Entries++
		if !lenient && !entries.add(h) {
			return
		}
	}
}

// The first bytes of compressed data: RFC 1952, section 2.3.1, and RFC 8878, sections 3.1.1 and 3.1.2.
var (
	magicGzip      = []byte{0x1f, 0x8b}
	magicZstd      = []byte{0x28, 0xb5, 0x2f, 0xfd}
	magicSkippable = []byte{0x2a, 0x4d, 0x18} // after a byte from 0x50 to 0x5f
)

// sniff detects the compression from the first bytes.
func sniff(r *bufio.Reader) oci.Compression {
	head, _ := r.Peek(4)
	switch {
	case bytes.HasPrefix(head, magicGzip):
		return oci.Gzip
	case bytes.Equal(head, magicZstd), len(head) == 4 && head[0]&0xf0 == 0x50 && bytes.Equal(head[1:], magicSkippable):
		return oci.Zstd
	}
	return oci.Uncompressed
}

// boundedReader reads at most left bytes and keeps the first error that is not io.EOF.
type boundedReader struct {
	r    io.Reader
	left int64
	err  error
}

// errTooLarge is returned when a layer decompresses to more than the limit.
var errTooLarge = errors.New("more than the limit")

// Read implements io.Reader.
func (b *boundedReader) Read(p []byte) (int, error) {
	if b.err != nil {
		return 0, b.err
	}
	n, err := b.r.Read(p)
	if b.left -= int64(n); b.left < 0 {
		err = errTooLarge
	}
	if err != nil && err != io.EOF {
		// Never return io.ErrUnexpectedEOF itself, which a reader of the tar would mistake for the end of the tar.
		b.err = fmt.Errorf("the layer cannot be decompressed: %w", err)
		err = b.err
	}
	return n, err
}
