package layer

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/rules-strata/rules_strata/tools/internal/layer/source"
	"github.com/rules-strata/rules_strata/tools/internal/layer/tarstream"
	"github.com/rules-strata/rules_strata/tools/internal/layer/tree"
	"github.com/rules-strata/rules_strata/tools/internal/layer/ztoc"
)

// Permission bits of files without a stated mode.
const (
	modeProgram = 0o755
	modeFile    = 0o644
)

// Errors for inputs that change while the layer is made.
var (
	errShrank = errors.New("the file became shorter while it was read")
	errGrew   = errors.New("the file became longer while it was read")
)

var zeros [tarstream.BlockSize]byte

// maker makes the part of the tar that holds a run of entries.
type maker struct {
	ctx     context.Context
	buffer  func() []byte // returns an empty buffer of the sink
	out     chan<- []byte
	current []byte
	header  []byte // scratch

	programs *programs
	list     bool         // whether to fill in listed
	listed   []ztoc.Entry // the entries of the run so far
}

// run sends the entries' part of the tar to out.
func (m *maker) run(entries []*tree.Entry) error {
	m.current = m.buffer()
	for _, e := range entries {
		if err := m.entry(e); err != nil {
			return fmt.Errorf("%s: %w", e.Path, err)
		}
	}
	return m.send()
}

// flush sends the current chunk and starts another.
func (m *maker) flush() error {
	err := m.send()
	m.current = m.buffer()
	return err
}

func (m *maker) send() error {
	select {
	case m.out <- m.current:
		return nil
	case <-m.ctx.Done():
		return m.ctx.Err()
	}
}

// reserve ensures that n bytes fit into the current chunk, if a chunk can hold that many.
func (m *maker) reserve(n int) error {
	if len(m.current) > 0 && m.free() < n {
		return m.flush()
	}
	return nil
}

func (m *maker) free() int { return cap(m.current) - len(m.current) }

func (m *maker) entry(e *tree.Entry) error {
	if e.Content == nil {
		start, err := m.head(e, 0)
		if err != nil {
			return err
		}
		return m.note(start)
	}
	r, size, err := e.Content.Open()
	if err != nil {
		return err
	}
	defer r.Close()
	start, err := m.head(e, size)
	if err != nil {
		return err
	}
	if err := m.content(e, r, size, start); err != nil {
		return err
	}
	pad := tarstream.Padding(size)
	if err := m.reserve(pad); err != nil {
		return err
	}
	m.current = append(m.current, zeros[:pad]...)
	return nil
}

// head adds the header of e and returns its offset in the current chunk. The chunk has room for the first bytes of the
// content after it, from which the mode of a file without a stated one is derived.
func (m *maker) head(e *tree.Entry, size int64) (start int, err error) {
	mode := e.Mode.Bits()
	if !e.Mode.Known() {
		mode = modeFile
	}
	if m.header, err = tarstream.AppendHeader(m.header[:0], e, size, mode); err != nil {
		return 0, err
	}
	if err := m.reserve(len(m.header) + source.SniffLen); err != nil {
		return 0, err
	}
	start = len(m.current)
	m.current = append(m.current, m.header...)
	return start, nil
}

// note lists the entry whose final header starts at start in the current chunk, if requested.
func (m *maker) note(start int) error {
	if !m.list {
		return nil
	}
	listed, err := ztoc.Parse(m.current[start : start+len(m.header)])
	m.listed = append(m.listed, listed)
	return err
}

// content adds the content of a file, whose header starts at start in the current chunk.
func (m *maker) content(e *tree.Entry, r io.Reader, size int64, start int) error {
	left, err := m.read(r, size, int(min(size, source.SniffLen)))
	if err != nil {
		return err
	}
	begin := m.current[start+len(m.header):]
	if err := m.programs.note(e, begin); err != nil {
		return err
	}
	if !e.Mode.Known() && source.Executable(begin) {
		if _, err := tarstream.AppendHeader(m.current[:start], e, size, modeProgram); err != nil {
			return err
		}
	}
	if err := m.note(start); err != nil {
		return err
	}
	for left > 0 {
		if err := m.reserve(1); err != nil {
			return err
		}
		if left, err = m.read(r, left, 1); err != nil {
			return err
		}
	}
	if m.free() > 0 {
		return nil
	}
	// The chunk had no room for the extra byte that detects growth.
	if err := m.flush(); err != nil {
		return err
	}
	_, err = m.read(r, 0, 0)
	return err
}

// read adds between atLeast and left bytes to the current chunk, and returns how many are left afterwards. It requests
// one byte more than expected, which detects a file that grew at no cost.
func (m *maker) read(r io.Reader, left int64, atLeast int) (int64, error) {
	have := len(m.current)
	end := have + int(min(left+1, int64(m.free())))
	n := 0
	for {
		more, err := r.Read(m.current[have+n : end])
		n += more
		switch {
		case int64(n) > left:
			return 0, errGrew
		case n >= atLeast:
			m.current = m.current[:have+n]
			return left - int64(n), nil
		case err == io.EOF:
			return 0, errShrank
		case err != nil:
			return 0, err
		}
	}
}
