package compress

import (
	"bytes"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"

	"github.com/rules-strata/rules_strata/tools/internal/oci"
)

// packCached packs into a file, which the cache keeps, and returns its bytes.
func packCached(t *testing.T, f Format, cache *Cache, path string, data []byte) []byte {
	t.Helper()
	var b bytes.Buffer
	w, err := f.NewWriter(Ends{Packed: []io.Writer{&b}, Cache: cache})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Write(data); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	os.Remove(path) // as Bazel does
	if err := os.WriteFile(path, b.Bytes(), 0o666); err != nil {
		t.Fatal(err)
	}
	cache.Keep(path, w)
	return b.Bytes()
}

// edit inserts, removes or changes some bytes at random.
func edit(rng *rand.Rand, data []byte) []byte {
	at := rng.IntN(len(data))
	size := min(1+rng.IntN(20<<10), len(data)-at)
	fresh := noise(rng.Uint64(), size)
	switch rng.IntN(3) {
	case 0:
		return bytes.Join([][]byte{data[:at], fresh, data[at:]}, nil)
	case 1:
		return bytes.Join([][]byte{data[:at], data[at+size:]}, nil)
	}
	return bytes.Join([][]byte{data[:at], fresh, data[at+size:]}, nil)
}

// After any sequence of edits, the bytes with a cache equal those without, regardless of how many files it keeps and of
// changes to the files.
func TestCacheSameBytes(t *testing.T) {
	dir := t.TempDir()
	harm := []func(path string) error{
		func(string) error { return nil },
		os.Remove,
		func(path string) error { return os.Truncate(path, 1<<20) },
		func(path string) error { return overwrite(path, 1<<20, "not what was there") },
	}
	all := []Format{{oci.Gzip, 1}, {oci.Gzip, 6}, {oci.Zstd, 3}}
	for i, most := range []int{0, 1, 2, 100} {
		rng := rand.New(rand.NewPCG(11, uint64(most)))
		cache := NewCache(most)
		data := corpus()["mixed"][3<<20 : 10<<20]
		for round := range 5 {
			data = edit(rng, data)
			for _, f := range all {
				path := filepath.Join(dir, fmt.Sprint(i, f, round%2))
				if !bytes.Equal(packCached(t, f, cache, path, data), pack(t, f, data, 1<<20)) {
					t.Fatalf("%v, cache of %d files: different bytes than without it", f, most)
				}
				if err := harm[round%len(harm)](path); err != nil {
					t.Fatal(err)
				}
			}
			if len(cache.files) > most {
				t.Fatalf("the cache keeps %d files, want at most %d", len(cache.files), most)
			}
		}
	}
}

func overwrite(path string, at int64, text string) error {
	file, err := os.OpenFile(path, os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	defer file.Close()
	_, err = file.WriteAt([]byte(text), at)
	return err
}

// found returns how many blocks of data a cache has.
func found(t *testing.T, f Format, cache *Cache, data []byte) (hits, blocks int) {
	t.Helper()
	for _, block := range f.codec().cut.blocks(data) {
		miss := func(packed []byte, _ [][]byte) []byte {
			hits--
			return packed
		}
		cache.pack(f, make([]byte, 0, 3<<20), [][]byte{block}, miss)
		hits++
		blocks++
	}
	return hits, blocks
}

// Blocks that an edit does not touch are found, even if the file has been removed.
func TestCacheHits(t *testing.T) {
	cache := NewCache(2)
	format := Format{oci.Gzip, 1}
	path := filepath.Join(t.TempDir(), "packed")
	data := noise(13, 32<<20)
	packCached(t, format, cache, path, data)
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	for round := range 3 {
		at := 9 << 20 * (round + 1)
		data = bytes.Join([][]byte{data[:at], noise(14, 100*pieceSize), data[at:]}, nil)
		if hits, blocks := found(t, format, cache, data); blocks-hits < 1 || blocks-hits > 6 {
			t.Errorf("round %d: found %d blocks of %d", round, hits, blocks)
		}
		packCached(t, format, cache, path, data)
	}
	if hits, _ := found(t, Format{oci.Gzip, 2}, cache, data); hits > 0 {
		t.Error("blocks of one level are used for another")
	}
	if len(cache.files) != 1 {
		t.Errorf("%d files are open for one path", len(cache.files))
	}
	// Two other files replace it, and its blocks are dropped.
	packCached(t, format, cache, path+"2", []byte("b"))
	packCached(t, format, cache, path+"3", []byte("c"))
	if hits, _ := found(t, format, cache, data); hits > 0 || len(cache.files) != 2 || len(cache.blocks) != 2 {
		t.Errorf("found %d blocks, %d cached, %d files open", hits, len(cache.blocks), len(cache.files))
	}
}

// A damaged file is detected: blocks in the damaged part are packed again.
func TestCacheDamaged(t *testing.T) {
	cache := NewCache(1)
	format := Format{oci.Zstd, 1}
	path := filepath.Join(t.TempDir(), "packed")
	data := noise(15, 16<<20)
	packCached(t, format, cache, path, data)
	if err := overwrite(path, 5<<20, "damage"); err != nil {
		t.Fatal(err)
	}
	if hits, blocks := found(t, format, cache, data); blocks-hits != 1 {
		t.Errorf("found %d blocks of %d", hits, blocks)
	}
}
