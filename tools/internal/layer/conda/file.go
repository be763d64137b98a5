package conda

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"time"

	"github.com/rules-strata/rules_strata/tools/internal/layer/conda/prefix"
	"github.com/rules-strata/rules_strata/tools/internal/layer/tree"
)

// file completes the entry of a file and its listed properties: it checks them against the file, and replaces the prefix.
//
// A file without a placeholder is not read now. Its digest is the listed one, and the layer is not made if that turns out
// to be wrong. A file with a placeholder is read once, and its new content goes to the spool: the record needs the digest
// of that, and comes before most files in a layer.
func (i *installer) file(e *tree.Entry, listed *pathEntry) error {
	if e.Content == nil {
		e.Content = inMemory(nil)
	}
	content := e.Content
	switch {
	case listed.Placeholder != "":
		r := prefix.Replacement{Old: listed.Placeholder, New: i.to.Prefix, Mode: listed.FileMode}
		if err := i.replace(e, listed, r); err != nil {
			return err
		}
	case listed.SHA256 == "":
		sum, err := digest(content)
		if err != nil {
			return err
		}
		listed.SHA256InPrefix = sum
		return checkSize(content, listed)
	default:
		listed.SHA256InPrefix = listed.SHA256
		e.Content = checked{content, listed.SHA256, i.name + ": "}
		return checkSize(content, listed)
	}
	return nil
}

// replace replaces the prefix in a file.
func (i *installer) replace(e *tree.Entry, listed *pathEntry, r prefix.Replacement) error {
	if err := checkSize(e.Content, listed); err != nil {
		return err
	}
	content := e.Content
	if listed.SHA256 != "" {
		content = checked{content, listed.SHA256, ""}
	}
	from, _, err := content.Open()
	if err != nil {
		return err
	}
	defer from.Close()
	read, write := io.Pipe()
	go func() { write.CloseWithError(r.Copy(write, from)) }()
	h := sha256.New()
	replaced, err := i.spool.Add(io.TeeReader(read, h))
	read.Close() // ends the goroutine if the spool failed
	if err != nil {
		return err
	}
	listed.SHA256InPrefix = hex.EncodeToString(h.Sum(nil))
	e.Content, e.Inode = section{replaced}, nil
	e.Mode = tree.Perm(e.Mode.Bits() | 0o200) // as for conda, which writes the file
	if listed.SHA256InPrefix != listed.SHA256 {
		// Python must not take an old .pyc for that of the new file.
		e.ModTime = e.ModTime.Add(time.Second)
	}
	return nil
}

// section is a content in the spool.
type section struct{ *io.SectionReader }

// Open implements tree.Content.
func (s section) Open() (io.ReadCloser, int64, error) {
	return io.NopCloser(io.NewSectionReader(s.SectionReader, 0, s.Size())), s.Size(), nil
}

// checkSize compares the size of a file with the listed one.
func checkSize(c tree.Content, listed *pathEntry) error {
	if listed.Size == nil {
		return nil
	}
	r, size, err := c.Open()
	if err != nil {
		return err
	}
	r.Close()
	if size != *listed.Size {
		return fmt.Errorf("the file has %d bytes, the package lists %d", size, *listed.Size)
	}
	return nil
}

// digest returns the SHA-256 of a content.
func digest(c tree.Content) (string, error) {
	r, _, err := c.Open()
	if err != nil {
		return "", err
	}
	defer r.Close()
	h := sha256.New()
	_, err = io.Copy(h, r)
	return hex.EncodeToString(h.Sum(nil)), err
}

// checked is a content that has the digest sum.
type checked struct {
	tree.Content
	sum    string
	origin string // what precedes an error
}

// Open implements tree.Content. Reading the last bytes fails if the content has another digest.
func (c checked) Open() (io.ReadCloser, int64, error) {
	r, size, err := c.Content.Open()
	if err != nil {
		return nil, 0, err
	}
	checking := &checkedReader{ReadCloser: r, checked: c, left: size, hash: sha256.New()}
	if size == 0 {
		if err := checking.check(); err != nil {
			return nil, 0, errors.Join(err, r.Close())
		}
	}
	return checking, size, nil
}

type checkedReader struct {
	io.ReadCloser
	checked
	left int64
	hash hash.Hash
}

// Read implements io.Reader.
func (r *checkedReader) Read(p []byte) (int, error) {
	n, err := r.ReadCloser.Read(p)
	r.hash.Write(p[:n])
	if r.left -= int64(n); n > 0 && r.left <= 0 {
		// The bytes are held back, because a reader need not see an error that comes with the last of them.
		if err := r.check(); err != nil {
			return 0, err
		}
	}
	return n, err
}

func (r *checkedReader) check() error {
	if sum := hex.EncodeToString(r.hash.Sum(nil)); sum != r.sum {
		return fmt.Errorf("%sthe file has the SHA-256 %s, the package lists %s", r.origin, sum, r.sum)
	}
	return nil
}
