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
	"github.com/rules-strata/rules_strata/tools/internal/oci/digest"
)

// errRepack is returned for an archive that cannot be the layer unchanged.
var errRepack = errors.New("the archive must be repacked")

// keep makes the archive src, unchanged, the blob at path, if the packing allows it. If not, or if the archive has a form
// that is unsuitable for a layer, the error is errRepack. The archive is read by package tarfile, and rejected for the
// same reasons. If keep fails, nothing is left at path.
func keep(ctx context.Context, src, path string, packing Packing) (Result, error) {
	in, err := os.Open(src)
	if err != nil {
		return Result{}, err
	}
	defer in.Close()
	out, err := atomicfile.Create(path)
	if err != nil {
		return Result{}, err
	}
	defer out.Abort()
	kept, err := copyKept(ctx, in, out, packing)
	if err == nil {
		err = out.Commit()
	}
	return kept, err
}

func copyKept(ctx context.Context, in *os.File, out io.Writer, packing Packing) (Result, error) {
	info, err := in.Stat()
	if err != nil {
		return Result{}, err
	}
	packed, plain := digest.NewWriter(), digest.NewWriter()
	copied := io.TeeReader(in, io.MultiWriter(packed, out))
	unpacked, found, err := decompress.NewReader(ctx, copied, info.Size())
	if err != nil {
		return Result{}, err
	}
	defer unpacked.Close()
	if _, err := compress.Parse(found, 0); err != nil || !packing.keeps(found) {
		return Result{}, errRepack
	}
	entries, err := tarfile.Check(io.TeeReader(unpacked, plain), in.Name())
	if errors.Is(err, tarfile.ErrForm) {
		err = errRepack
	}
	if err != nil {
		return Result{}, err
	}
	return Result{Result: blob.Result{
		Digest: packed.Digest(), Size: packed.Size(), DiffID: plain.Digest(), UncompressedSize: plain.Size(),
	}, Codec: found, Entries: entries, Kept: true}, nil
}
