// Package progress shows the progress of reading blobs.
//
// A [Meter] watches a content.Source, and a [Display] draws its readings on a terminal. Neither slows down the transfer: a
// file is returned as an os.File, so that the kernel can send it, and the meter only queries its position.
//
// Non-goals: colours, estimates of the remaining time.
package progress

import (
	"context"
	"io"
	"os"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/rules-strata/rules_strata/tools/internal/oci"
	"github.com/rules-strata/rules_strata/tools/internal/oci/content"
)

// Meter watches sources. The zero value is ready to use, also by several goroutines.
type Meter struct {
	mu     sync.Mutex
	active []*reading
}

// reading is a blob that is being read.
type reading struct {
	blob     oci.Descriptor
	position func() (int64, bool) // false if the blob is closed
}

// Watch returns src with the meter watching its blobs, except manifests and indexes, which are small.
func (m *Meter) Watch(src content.Source) content.Source { return watched{src, m} }

type watched struct {
	content.Source
	meter *Meter
}

// Open implements content.Source.
func (w watched) Open(ctx context.Context, d oci.Descriptor) (io.ReadCloser, error) {
	r, err := w.Source.Open(ctx, d)
	if err != nil || oci.IsDocument(d.MediaType) {
		return r, err
	}
	if file, ok := r.(*os.File); ok {
		w.meter.add(&reading{d, func() (int64, bool) {
			n, err := file.Seek(0, io.SeekCurrent)
			return n, err == nil
		}})
		return file, nil
	}
	counted := &counter{ReadCloser: r}
	w.meter.add(&reading{d, func() (int64, bool) { return counted.n.Load(), !counted.closed.Load() }})
	return counted, nil
}

// counter counts the bytes that are read.
type counter struct {
	io.ReadCloser
	n      atomic.Int64
	closed atomic.Bool
}

func (c *counter) Read(p []byte) (int, error) {
	n, err := c.ReadCloser.Read(p)
	c.n.Add(int64(n))
	return n, err
}

func (c *counter) Close() error {
	c.closed.Store(true)
	return c.ReadCloser.Close()
}

func (m *Meter) add(r *reading) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.active = append(m.active, r)
}

// Reading is the progress of one blob.
type Reading struct {
	// Blob is the blob, Position the number of bytes read from it.
	Blob     oci.Descriptor
	Position int64
}

// Readings returns the blobs that are being read now, in the order in which they were opened.
func (m *Meter) Readings() []Reading {
	m.mu.Lock()
	defer m.mu.Unlock()
	var all []Reading
	m.active = slices.DeleteFunc(m.active, func(r *reading) bool {
		position, open := r.position()
		if open {
			all = append(all, Reading{r.blob, position})
		}
		return !open
	})
	return all
}
