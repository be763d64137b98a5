package listing

import (
	"bytes"
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
	out   *atomicfile.File
	dir   string
	lines *lines
}

// Create creates the file at path.
func Create(path string) (*File, error) {
	lines, err := newLines()
	if err != nil {
		return nil, err
	}
	out, err := atomicfile.Create(path)
	if err != nil {
		return nil, err
	}
	return &File{out, filepath.Dir(path), lines}, nil
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
	f.lines.begin(spool)
	s := scanner{look, func(e Entry) error { return f.lines.add(e) }, make([]byte, 128<<10)}
	header, err := s.scan(ctx, blob, want)
	err = errors.Join(err, f.lines.end())
	if err != nil {
		return err
	}
	f.lines.begin(f.out)
	if err := errors.Join(f.lines.add(header), f.lines.end()); err != nil {
		return err
	}
	if _, err := spool.Seek(0, io.SeekStart); err != nil {
		return err
	}
	_, err = io.Copy(f.out, spool)
	return err
}

// Text writes the listing of a layer as lines that are not compressed. It is otherwise like [File.Add].
func Text(ctx context.Context, w io.Writer, blob io.Reader, want Header) error {
	var entries bytes.Buffer
	encoder := newEncoder(&entries)
	s := scanner{nil, func(e Entry) error { return encoder.Encode(e) }, make([]byte, 128<<10)}
	header, err := s.scan(ctx, blob, want)
	if err == nil {
		err = newEncoder(w).Encode(header)
	}
	if err == nil {
		_, err = entries.WriteTo(w)
	}
	return err
}

// Commit completes the file.
func (f *File) Commit() error { return f.out.Commit() }

// Abort removes the file unless it is complete.
func (f *File) Abort() { f.out.Abort() }

// lines writes JSON lines as zstd frames. Its bytes do not depend on the machine, because it uses one goroutine. The fastest level
// packs listings as well as the default, and allocates 1 MB less.
type lines struct {
	frame *zstd.Encoder
	json  *json.Encoder
}

func newLines() (*lines, error) {
	frame, err := zstd.NewWriter(nil, zstd.WithEncoderConcurrency(1), zstd.WithEncoderLevel(zstd.SpeedFastest),
		zstd.WithWindowSize(1<<20))
	if err != nil {
		return nil, err
	}
	return &lines{frame, newEncoder(frame)}, nil
}

// newEncoder returns an encoder of JSON lines.
func newEncoder(w io.Writer) *json.Encoder {
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	return enc
}

// begin begins a frame in w.
func (l *lines) begin(w io.Writer) { l.frame.Reset(w) }

func (l *lines) add(v any) error { return l.json.Encode(v) }

// end ends the frame.
func (l *lines) end() error { return l.frame.Close() }
