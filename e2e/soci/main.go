// Soci checks the zTOC of a layer with the library of SOCI's snapshotter: soci LAYER ZTOC.
//
// The zTOC must list what the library itself finds in the layer, and every file that the library reads through it must have
// the bytes that it has in the tar. The library needs cgo and zlib.
package main

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"os"

	"github.com/awslabs/soci-snapshotter/ztoc"
	"github.com/awslabs/soci-snapshotter/ztoc/compression"
	"github.com/opencontainers/go-digest"
)

const spanSize = 4 << 20

func main() {
	if len(os.Args) != 3 {
		fmt.Fprintln(os.Stderr, "usage: soci LAYER ZTOC")
		os.Exit(2)
	}
	if err := run(os.Args[1], os.Args[2]); err != nil {
		fmt.Fprintln(os.Stderr, "soci:", err)
		os.Exit(1)
	}
}

func run(layer, path string) error {
	file, err := os.Open(path)
	if err != nil {
		return err
	}
	defer file.Close()
	ours, err := ztoc.Unmarshal(file)
	if err != nil {
		return err
	}
	theirs, err := ztoc.NewBuilder("").BuildZtoc(layer, spanSize)
	if err != nil {
		return err
	}
	if err := compare(ours, theirs); err != nil {
		return err
	}
	blob, err := os.Open(layer)
	if err != nil {
		return err
	}
	defer blob.Close()
	spans, err := ours.Zinfo()
	if err != nil {
		return err
	}
	defer spans.Close()
	if err := checkSpans(ours, spans, blob); err != nil {
		return err
	}
	read, err := extract(ours, spans, blob)
	if err != nil {
		return err
	}
	fmt.Printf("%d entries, %d files read, %d spans, %d from SOCI\n", len(ours.FileMetadata), read, ours.MaxSpanID+1, theirs.MaxSpanID+1)
	return nil
}

// compare compares everything that does not depend on where spans start.
func compare(ours, theirs *ztoc.Ztoc) error {
	if ours.Version != theirs.Version || ours.CompressionAlgorithm != theirs.CompressionAlgorithm ||
		ours.CompressedArchiveSize != theirs.CompressedArchiveSize ||
		ours.UncompressedArchiveSize != theirs.UncompressedArchiveSize ||
		len(ours.FileMetadata) != len(theirs.FileMetadata) {
		return fmt.Errorf("version %s, %s, %d of %d bytes, %d entries; SOCI has %s, %s, %d of %d bytes, %d entries",
			ours.Version, ours.CompressionAlgorithm, ours.CompressedArchiveSize, ours.UncompressedArchiveSize,
			len(ours.FileMetadata), theirs.Version, theirs.CompressionAlgorithm, theirs.CompressedArchiveSize,
			theirs.UncompressedArchiveSize, len(theirs.FileMetadata))
	}
	for i, our := range ours.FileMetadata {
		their := theirs.FileMetadata[i]
		our.ModTime, their.ModTime = our.ModTime.UTC(), their.ModTime.UTC()
		if !our.Equal(their) {
			return fmt.Errorf("entry %d is %+v, SOCI has %+v", i, our, their)
		}
	}
	return nil
}

// checkSpans checks the digests of the spans, which cover the layer from the end of its header.
func checkSpans(ours *ztoc.Ztoc, spans compression.Zinfo, blob io.ReaderAt) error {
	if spans.MaxSpanID() != ours.MaxSpanID || len(ours.SpanDigests) != int(ours.MaxSpanID)+1 ||
		spans.SpanSize() != spanSize || spans.StartUncompressedOffset(0) != 0 {
		return fmt.Errorf("%d checkpoints of %d bytes, %d digests, last span %d", spans.MaxSpanID()+1, spans.SpanSize(),
			len(ours.SpanDigests), ours.MaxSpanID)
	}
	for i, want := range ours.SpanDigests {
		id := compression.SpanID(i)
		start, end := spans.StartCompressedOffset(id), spans.EndCompressedOffset(id, ours.CompressedArchiveSize)
		got, err := digest.FromReader(io.NewSectionReader(blob, int64(start), int64(end-start)))
		if err != nil || got != want {
			return fmt.Errorf("span %d is %s, %v; the zTOC has %s", i, got, err, want)
		}
	}
	return nil
}

// extract reads all files from the tar and through the zTOC, and compares them. It returns their number.
//
// It does what Ztoc.ExtractFile does for each file, without copying all checkpoints each time.
func extract(ours *ztoc.Ztoc, spans compression.Zinfo, blob *os.File) (files int, err error) {
	plain, err := gzip.NewReader(blob)
	if err != nil {
		return 0, err
	}
	t := tar.NewReader(plain)
	for _, e := range ours.FileMetadata {
		if _, err := t.Next(); err != nil {
			return files, err
		}
		want, err := io.ReadAll(t)
		if err != nil {
			return files, err
		}
		if len(want) == 0 {
			continue
		}
		first := spans.UncompressedOffsetToSpanID(e.UncompressedOffset)
		last := spans.UncompressedOffsetToSpanID(e.UncompressedOffset + e.UncompressedSize)
		start, end := spans.StartCompressedOffset(first), spans.EndCompressedOffset(last, ours.CompressedArchiveSize)
		packed := make([]byte, end-start)
		if _, err := blob.ReadAt(packed, int64(start)); err != nil {
			return files, err
		}
		got, err := spans.ExtractDataFromBuffer(packed, e.UncompressedSize, e.UncompressedOffset, first)
		if err != nil || !bytes.Equal(got, want) {
			return files, fmt.Errorf("%s: %d bytes that differ from the %d in the tar, %v", e.Name, len(got), len(want), err)
		}
		files++
	}
	return files, nil
}
