package layer

import (
	"io"

	"github.com/rules-strata/rules_strata/tools/internal/layer/compress"
	"github.com/rules-strata/rules_strata/tools/internal/layer/internal/blob"
)

// Pack packs all of r, a tar or any other stream, as a blob at path. Nothing is left there if it fails.
func Pack(r io.Reader, path string, format compress.Format) (Result, error) {
	w, err := blob.Create(path, format, nil)
	if err != nil {
		return Result{}, err
	}
	defer w.Abort()
	for {
		buffer := w.Buffer()
		n, err := io.ReadFull(r, buffer[:cap(buffer)])
		if err != nil && err != io.EOF && err != io.ErrUnexpectedEOF {
			return Result{}, err
		}
		if sendErr := w.Send(buffer[:n]); sendErr != nil {
			return Result{}, sendErr
		}
		if err != nil {
			break
		}
	}
	written, err := w.Commit()
	return Result{Result: written, Codec: format.Codec}, err
}
