package tarfile

import (
	"archive/tar"
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/rules-strata/rules_strata/tools/internal/layer/tree"
)

// item is an entry of a test's archive.
type item struct {
	tar.Header
	data string
}

func dir(name string) item {
	return item{tar.Header{Name: name, Typeflag: tar.TypeDir, Mode: 0o755}, ""}
}

func file(name, data string) item {
	return item{tar.Header{Name: name, Typeflag: tar.TypeReg, Mode: 0o644, Size: int64(len(data))}, data}
}

func link(kind byte, name, target string) item {
	return item{tar.Header{Name: name, Typeflag: kind, Linkname: target}, ""}
}

// archive makes a tar.
func archive(t testing.TB, items ...item) []byte {
	t.Helper()
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	for _, i := range items {
		if err := w.WriteHeader(&i.Header); err != nil {
			t.Fatal(err)
		}
		if _, err := io.WriteString(w, i.data); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// read returns a line for each entry of the archive. Check must return the same error as Read, unless it stopped before.
func read(t testing.TB, data []byte) (string, error) {
	t.Helper()
	scratch := t.TempDir()
	a, err := New(t.Context(), io.NewSectionReader(bytes.NewReader(data), 0, int64(len(data))), "a.tar", scratch)
	if err != nil {
		return "", err
	}
	defer a.Close()
	plain, err := io.ReadAll(io.NewSectionReader(a.plain, 0, a.plain.Size()))
	if err != nil {
		t.Fatal(err)
	}
	entries, err := a.Read()
	_, again := Check(bytes.NewReader(plain), "a.tar")
	if !errors.Is(again, ErrForm) && fmt.Sprint(again) != fmt.Sprint(err) {
		t.Errorf("Check returns %v, Read returns %v", again, err)
	}
	compareReader(t, plain, entries, err)
	if left, errDir := os.ReadDir(scratch); len(left) > 0 || errDir != nil {
		t.Errorf("left in the scratch directory: %v, %v", left, errDir)
	}
	var b strings.Builder
	inodes := make(map[any]int)
	for _, e := range entries {
		fmt.Fprintf(&b, "%s %s %04o %d:%d", e.Kind, e.Path, e.Mode.Bits(), e.UID, e.GID)
		if e.User+e.Group != "" {
			fmt.Fprintf(&b, " %s:%s", e.User, e.Group)
		}
		if !e.ModTime.Equal(time.Unix(0, 0)) {
			fmt.Fprintf(&b, " @%s", e.ModTime.UTC().Format(time.RFC3339Nano))
		}
		if e.Target != "" {
			fmt.Fprintf(&b, " -> %s", e.Target)
		}
		if e.Major+e.Minor > 0 {
			fmt.Fprintf(&b, " %d,%d", e.Major, e.Minor)
		}
		for _, name := range slices.Sorted(maps.Keys(e.Xattrs)) {
			fmt.Fprintf(&b, " %s=%q", name, e.Xattrs[name])
		}
		if e.Inode != nil {
			if inodes[e.Inode] == 0 {
				inodes[e.Inode] = len(inodes) + 1
			}
			fmt.Fprintf(&b, " #%d", inodes[e.Inode])
		}
		if e.Content != nil {
			fmt.Fprintf(&b, " %s", content(t, e.Content))
		}
		fmt.Fprintln(&b)
	}
	return b.String(), err
}

// compareReader checks that a Reader finds the same entries in a plain archive as Read, or rejects it for the same reason,
// except that it does not look up hard links.
func compareReader(t testing.TB, plain []byte, entries []*tree.Entry, errRead error) {
	t.Helper()
	if errRead != nil && strings.Contains(errRead.Error(), "which is not an earlier file") {
		return
	}
	r := NewReader(bytes.NewReader(plain))
	sums := make(map[string][sha256.Size]byte)
	for {
		e, err := r.Next()
		if err == io.EOF && errRead == nil {
			break
		}
		if err != nil {
			if fmt.Sprintf("a.tar: %v", err) != fmt.Sprint(errRead) {
				t.Errorf("the Reader returns %v, Read returns %v", err, errRead)
			}
			return
		}
		h := sha256.New()
		if n, err := io.Copy(h, r); err == nil && n != r.Size() {
			t.Errorf("%s: %d bytes of %d", e.Path, n, r.Size())
		}
		switch e.Kind {
		case tree.File:
			sums[e.Path] = [sha256.Size]byte(h.Sum(nil))
		case tree.Hardlink:
			sums[e.Path] = sums[e.Target]
		}
	}
	for _, e := range entries {
		if e.Kind == tree.File && sums[e.Path] != sum(t, e.Content) {
			t.Errorf("%s: the Reader and Read found different contents", e.Path)
		}
	}
}

// sum returns the SHA-256 of a content.
func sum(t testing.TB, c tree.Content) [sha256.Size]byte {
	t.Helper()
	h := sha256.New()
	if c != nil {
		r, _, err := c.Open()
		if err != nil {
			t.Fatal(err)
		}
		defer r.Close()
		if _, err := io.Copy(h, r); err != nil {
			t.Fatal(err)
		}
	}
	return [sha256.Size]byte(h.Sum(nil))
}

// content returns a content, quoted, or its length if the content is long.
func content(t testing.TB, c tree.Content) string {
	t.Helper()
	r, size, err := c.Open()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	data, err := io.ReadAll(r)
	if err != nil || int64(len(data)) != size {
		t.Fatalf("%d bytes of %d, %v", len(data), size, err)
	}
	if size > 60 {
		return fmt.Sprintf("(%d bytes, %d zeros)", size, bytes.Count(data, []byte{0}))
	}
	return fmt.Sprintf("%q", data)
}
