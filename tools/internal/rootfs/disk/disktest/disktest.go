// Package disktest has file systems for tests of formats.
package disktest

import (
	"context"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rules-strata/rules_strata/tools/internal/rootfs"
	"github.com/rules-strata/rules_strata/tools/internal/rootfs/disk"
	"github.com/rules-strata/rules_strata/tools/internal/rootfs/internal/rootfstest"
)

// Merge returns the file system of the layers, each with one entry per line, as package rootfstest reads them.
func Merge(t testing.TB, layers ...string) *rootfs.FileSystem {
	t.Helper()
	var archives [][]byte
	for _, text := range layers {
		archives = append(archives, Archive(t, text))
	}
	return MergeArchives(t, archives...)
}

// Archive returns a layer with one entry per line.
func Archive(t testing.TB, text string) []byte {
	t.Helper()
	archive, err := rootfstest.Archive(text)
	if err != nil {
		t.Fatal(err)
	}
	return archive
}

// MergeArchives returns the file system of layers that are tars.
func MergeArchives(t testing.TB, layers ...[]byte) *rootfs.FileSystem {
	t.Helper()
	root, blobs, err := rootfstest.Image(context.Background(), layers...)
	if err != nil {
		t.Fatal(err)
	}
	fs, err := rootfs.Image(context.Background(), blobs, root)
	if err != nil {
		t.Fatal(err)
	}
	return fs
}

// Bytes returns the planned file.
func Bytes(t testing.TB, fs *rootfs.FileSystem, plan *disk.Plan, err error) []byte {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	f, err := os.Create(filepath.Join(t.TempDir(), "disk"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if err := plan.Write(context.Background(), fs, f); err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(f.Name())
	if err != nil {
		t.Fatal(err)
	}
	if int64(len(data)) != plan.Size {
		t.Errorf("the file has %d bytes, planned were %d", len(data), plan.Size)
	}
	return data
}

// Beyond states which metadata the layer of [Layer] has that not every format can hold.
type Beyond = rootfstest.Beyond

// Everything is what the richest formats hold.
var Everything = Beyond{Times: true, Xattrs: true, ACLs: true}

// Layer returns a layer with entries of all kinds: see [rootfstest.Limits].
func Layer(t testing.TB, o Beyond) []byte {
	t.Helper()
	data, err := rootfstest.Limits(o)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// Stack returns the file system of random layers, and the layers, or nil if they do not merge, as layers with invalid hard
// links or entries below files.
func Stack(t testing.TB, rng *rand.Rand) (*rootfs.FileSystem, [][]byte) {
	t.Helper()
	layers, err := rootfstest.Random(rng)
	if err != nil {
		t.Fatal(err)
	}
	root, blobs, err := rootfstest.Image(context.Background(), layers...)
	if err != nil {
		t.Fatal(err)
	}
	fs, err := rootfs.Image(context.Background(), blobs, root)
	if err != nil {
		return nil, nil
	}
	return fs, layers
}

// List returns the listing of a file system without the layers that entries come from.
func List(t testing.TB, fs *rootfs.FileSystem) string {
	t.Helper()
	text, err := rootfstest.List(context.Background(), fs)
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	for line := range strings.Lines(text) {
		fields := strings.Fields(line)
		b.WriteString(strings.Join(fields[:len(fields)-1], " ") + "\n")
	}
	return b.String()
}
