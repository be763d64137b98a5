package compress

import (
	"bytes"
	"math/rand/v2"
	"testing"
)

// blocks cuts a stream.
func (c cut) blocks(data []byte) [][]byte {
	var all [][]byte
	for len(data) > 0 {
		end, _ := c.find(0, data)
		all = append(all, data[:end])
		data = data[end:]
	}
	return all
}

func noise(seed uint64, size int) []byte {
	data := make([]byte, size)
	rng := rand.New(rand.NewPCG(seed, seed))
	for i := range data {
		data[i] = byte(rng.Uint32())
	}
	return data
}

// Blocks keep to their bounds, and have the average sizes that the comments state.
func TestCutSizes(t *testing.T) {
	data := noise(1, 64<<20)
	for _, c := range []cut{gzipCut, zstdCut, zstdBestCut, plainCut} {
		all := c.blocks(data)
		for i, block := range all {
			if len(block) > c.max || i < len(all)-1 && (len(block) < c.min || len(block)%pieceSize != 0) {
				t.Errorf("%+v: block %d has %d bytes", c, i, len(block))
			}
		}
		mean, want := len(data)/len(all), c.min+int(c.mask)*pieceSize
		if c.mask > 0 && (mean < want*3/4 || mean > want*5/4) {
			t.Errorf("%+v: blocks of %d bytes on average, want about %d", c, mean, want)
		}
	}
}

// The end of a block does not depend on how the stream is split into writes.
func TestCutResumes(t *testing.T) {
	data := noise(2, 2<<20)
	want, _ := gzipCut.find(0, data)
	for _, step := range []int{pieceSize, 777 * pieceSize, 300 << 10} {
		for have := 0; ; {
			n, whole := gzipCut.find(have, data[have:have+step])
			have += n
			if whole {
				if have != want {
					t.Errorf("in steps of %d bytes: %d, want %d", step, have, want)
				}
				break
			}
		}
	}
}

// Inserting, removing or changing whole pieces changes only a few blocks nearby.
func TestCutFindsBack(t *testing.T) {
	rng := rand.New(rand.NewPCG(7, 8))
	data := noise(3, 48<<20)
	for _, c := range []cut{gzipCut, zstdCut, zstdBestCut} {
		known := make(map[string]bool)
		for _, block := range c.blocks(data) {
			known[string(block)] = true
		}
		for range 5 {
			at := rng.IntN(len(data)/pieceSize) * pieceSize
			size := min(1+rng.IntN(200), (len(data)-at)/pieceSize) * pieceSize
			for name, edited := range map[string][]byte{
				"inserted": bytes.Join([][]byte{data[:at], noise(4, size), data[at:]}, nil),
				"removed":  bytes.Join([][]byte{data[:at], data[at+size:]}, nil),
				"changed":  bytes.Join([][]byte{data[:at], noise(5, size), data[at+size:]}, nil),
			} {
				fresh := 0
				for _, block := range c.blocks(edited) {
					if !known[string(block)] {
						fresh += len(block)
					}
				}
				if fresh > 6*c.max {
					t.Errorf("%+v: %d bytes %s at %d: %d bytes are in other blocks", c, size, name, at, fresh)
				}
			}
		}
	}
}
