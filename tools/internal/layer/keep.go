package layer

import (
	"context"
	"errors"
	"io"
	"os"

	"github.com/rules-strata/rules_strata/tools/internal/atomicfile"
	"github.com/rules-strata/rules_strata/tools/internal/layer/compress"
	"github.com/rules-strata/rules_strata/tools/internal/layer/decompress"
	"github.com/rules-strata/rules_strata/tools/internal/layer/internal/blob"
	"github.com/rules-strata/rules_strata/tools/internal/layer/tarfile"
	"github.com/rules-strata/rules_strata/tools/internal/oci"
	"github.com/rules-strata/rules_strata/tools/internal/oci/digest"
)

// ErrRepack is returned for an archive whose compression is not the layer's, or whose form is unsuitable for a layer.
var ErrRepack = errors.New("the archive must be repacked to be a layer")

// Keep makes the archive src, unchanged, the blob at path. The archive must be compressed with codec or, if codec is
// empty, with any codec that layers support; otherwise the error is ErrRepack. Keep reads the archive as package tarfile
// does, and rejects it for the same reasons. Nothing is left at path if it fails.
func Keep(ctx context.Context, src, path string, codec oci.Compression) (Made, error) {
	in, err := os.Open(src)
	if err != nil {
		return Made{}, err
	}
	defer in.Close()
	out, err := atomicfile.Create(path)
	if err != nil {
		return Made{}, err
	}
	defer out.Abort()
	kept, err := keep(ctx, in, out, codec)
	if err == nil {
		err = out.Commit()
	}
	return kept, err
}

func keep(ctx context.Context, in *os.File, out io.Writer, want oci.Compression) (Made, error) {
	info, err := in.Stat()
	if err != nil {
		return Made{}, err
	}
	packed, plain := digest.NewWriter(), digest.NewWriter()
	copied := io.TeeReader(in, io.MultiWriter(packed, out))
	unpacked, codec, err := decompress.NewReader(ctx, copied, info.Size())
	if err != nil {
		return Made{}, err
	}
	defer unpacked.Close()
	if _, err := compress.Parse(codec, 0); err != nil || want != "" && want != codec {
		return Made{}, ErrRepack
	}
	entries, err := tarfile.Check(io.TeeReader(unpacked, plain), in.Name())
	if errors.Is(err, tarfile.ErrForm) {
		err = ErrRepack
	}
	if err != nil {
		return Made{}, err
	}
	result := blob.Result{
		Digest: packed.Digest(), Size: packed.Size(), DiffID: plain.Digest(), UncompressedSize: plain.Size(),
	}
	return Made{Result: result, Codec: codec, Entries: entries}, nil
}
