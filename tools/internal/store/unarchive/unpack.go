package unarchive

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/rules-strata/rules_strata/tools/internal/layer/decompress"
	"github.com/rules-strata/rules_strata/tools/internal/oci"
)

// unpacked is an archive as a plain tar.
type unpacked struct {
	*io.SectionReader
	file   *os.File // the archive
	spool  decompress.Spool
	packed bool
}

// Close closes the files of the archive.
func (u *unpacked) Close() error { return errors.Join(u.spool.Close(), u.file.Close()) }

// unpack opens the archive at path. It unpacks a compressed one into an unnamed temporary file in the directory scratch, of at
// most limit bytes.
func unpack(path, scratch string, limit int64) (*unpacked, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	u := &unpacked{file: file, spool: decompress.Spool{Dir: scratch}}
	if err := u.fill(limit); err != nil {
		u.Close()
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return u, nil
}

func (u *unpacked) fill(limit int64) error {
	info, err := u.file.Stat()
	if err != nil {
		return err
	}
	if info.IsDir() {
		return errors.New("is a directory")
	}
	r, compression, err := decompress.NewReader(context.Background(), u.file, info.Size())
	if err != nil {
		return err
	}
	defer r.Close()
	if compression == oci.Uncompressed {
		u.SectionReader = io.NewSectionReader(u.file, 0, info.Size())
		return nil
	}
	u.packed = true
	if u.SectionReader, err = u.spool.Add(io.LimitReader(r, limit+1)); err != nil {
		return err
	}
	if u.Size() > limit {
		return fmt.Errorf("more than %d bytes when unpacked", limit)
	}
	return nil
}
