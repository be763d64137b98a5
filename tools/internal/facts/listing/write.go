package listing

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"os"
	"path/filepath"

	"github.com/klauspost/compress/zstd"

	"github.com/rules-strata/rules_strata/tools/internal/atomicfile"
)

// File is a file of listings that is being written.
type File struct {
	out *atomicfile.File
	dir string
}

// Create creates the file at path.
func Create(path string) (*File, error) {
	out, err := atomicfile.Create(path)
	if err != nil {
		return nil, err
	}
	return &File{out, filepath.Dir(path)}, nil
}

// Add reads the blob of a layer to its end, verifies it and adds its listing. want has the layer's digest, size and diff ID.
// look, unless nil, gets each entry.
func (f *File) Add(ctx context.Context, blob io.Reader, want Header, look Look) (err error) {
	// The header, which comes first, has the number of entries, which is known last.
	spool, err := os.CreateTemp(f.dir, ".listing.*.tmp")
	if err != nil {
		return err
	}
	defer os.Remove(spool.Name())
	defer spool.Close()
	lines, err := newLines(spool)
	if err != nil {
		return err
	}
	s := scanner{look, func(e Entry) error { return lines.add(e) }, make([]byte, 128<<10)}
	header, err := s.scan(ctx, blob, want)
	err = errors.Join(err, lines.close())
	if err != nil {
		return err
	}
	if err := writeHeader(f.out, header); err != nil {
		return err
	}
	if _, err := spool.Seek(0, io.SeekStart); err != nil {
		return err
	}
	_, err = io.Copy(f.out, spool)
	return err
}

// Commit completes the file.
func (f *File) Commit() error { return f.out.Commit() }

// Abort removes the file unless it is complete.
func (f *File) Abort() { f.out.Abort() }

func writeHeader(w io.Writer, h Header) error {
	lines, err := newLines(w)
	if err != nil {
		return err
	}
	return errors.Join(lines.add(h), lines.close())
}

// lines writes JSON lines as a zstd frame. Its bytes do not depend on the machine, because it uses one goroutine.
type lines struct {
	frame *zstd.Encoder
	json  *json.Encoder
}

func newLines(w io.Writer) (*lines, error) {
	frame, err := zstd.NewWriter(w, zstd.WithEncoderConcurrency(1), zstd.WithEncoderLevel(zstd.SpeedDefault),
		zstd.WithWindowSize(1<<20))
	if err != nil {
		return nil, err
	}
	enc := json.NewEncoder(frame)
	enc.SetEscapeHTML(false)
	return &lines{frame, enc}, nil
}

func (l *lines) add(v any) error { return l.json.Encode(v) }

func (l *lines) close() error { return l.frame.Close() }
