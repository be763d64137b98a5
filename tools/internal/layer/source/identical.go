package source

import (
	"crypto/sha256"
	"fmt"
	"io"
	"sync"

	"github.com/rules-strata/rules_strata/tools/internal/layer/tree"
)

// hashers is the number of files that are read at once to find identical ones.
const hashers = 4

// fingerprint is the same for files with the same content.
type fingerprint struct {
	size int64
	sum  [sha256.Size]byte
}

// Identical gives files with the same content the same inode. It ignores empty files, and reads only contents of the
// same length.
func Identical(files []*tree.Entry) error {
	bySize := make(map[int64][]*tree.Entry)
	for _, e := range files {
		if e.Content == nil {
			continue
		}
		r, size, err := e.Content.Open()
		if err != nil {
			return fmt.Errorf("%s: %w", e.Path, err)
		}
		r.Close()
		if size > 0 {
			bySize[size] = append(bySize[size], e)
		}
	}
	var group sync.WaitGroup
	slots := make(chan struct{}, hashers)
	errs := make(chan error, 1)
	for size, same := range bySize {
		if len(same) == 1 {
			continue
		}
		for _, e := range same {
			slots <- struct{}{}
			group.Go(func() {
				defer func() { <-slots }()
				if err := identify(e, size); err != nil {
					select {
					case errs <- fmt.Errorf("%s: %w", e.Path, err):
					default: // one error is enough
					}
				}
			})
		}
	}
	group.Wait()
	close(errs)
	return <-errs
}

// identify sets the file's inode.
func identify(e *tree.Entry, size int64) error {
	r, _, err := e.Content.Open()
	if err != nil {
		return err
	}
	defer r.Close()
	h := sha256.New()
	if _, err := io.Copy(h, r); err != nil {
		return err
	}
	e.Inode = fingerprint{size, [sha256.Size]byte(h.Sum(nil))}
	return nil
}
