package compress

import (
	"bytes"
	"math/rand/v2"
	"testing"
)

func packCached(t *testing.T, f Format, cache *Cache, data []byte) []byte {
	t.Helper()
	var b bytes.Buffer
	w, err := f.NewWriter(Ends{Packed: &b, Cache: cache})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Write(data); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
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

// Over any sequence of edits the bytes with a cache are those without, whatever the cache's size.
func TestCacheSameBytes(t *testing.T) {
	rng := rand.New(rand.NewPCG(11, 12))
	all := []Format{{None, 0}, {Gzip, 1}, {Gzip, 6}, {Zstd, 3}}
	for _, size := range []int64{0, 1 << 20, 1 << 30} {
		cache := NewCache(size)
		data := corpus()["mixed"][3<<20 : 10<<20]
		for range 5 {
			data = edit(rng, data)
			for _, f := range all {
				if !bytes.Equal(packCached(t, f, cache, data), pack(t, f, data, 1<<20)) {
					t.Fatalf("%v, cache of %d bytes: other bytes than without it", f, size)
				}
			}
			if held := cache.held(); held > size {
				t.Fatalf("the cache holds %d bytes, not %d at most", held, size)
			}
		}
	}
}

func (c *Cache) held() (size int64) {
	for _, packed := range c.all {
		size += int64(len(packed)) + perBlock
	}
	return size
}

// Blocks that an edit leaves alone are not packed again.
func TestCacheHits(t *testing.T) {
	cache := NewCache(1 << 30)
	data := noise(13, 32<<20)
	packCached(t, Format{Gzip, 1}, cache, data)
	before := len(cache.all)
	data = bytes.Join([][]byte{data[:9<<20], noise(14, 100*pieceSize), data[9<<20:]}, nil)
	packCached(t, Format{Gzip, 1}, cache, data)
	if fresh := len(cache.all) - before; fresh < 1 || fresh > 6 {
		t.Errorf("%d blocks of %d were packed again", fresh, before)
	}
	packCached(t, Format{Gzip, 2}, cache, data)
	if len(cache.all) < 2*before {
		t.Error("blocks of one level were taken for those of another")
	}
}
