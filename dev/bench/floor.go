package main

import (
	"bytes"
	"crypto/sha256"
	"log"
	"os"
	"runtime"
	"strconv"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/klauspost/compress/flate"
	"github.com/klauspost/compress/zstd"
)

const (
	floorBlock = 1 << 20  // what is packed on its own
	floorDict  = 16 << 10 // what gzip knows of the bytes before
)

// floor measures what no layer builder with this library can go below: a tar that is in memory already is hashed, cut
// into pieces, packed on all processors, and what comes out is hashed. Nothing is read, ordered or written.
func floor(codec, level, path string) Sample {
	data, err := mapped(path)
	if err != nil {
		log.Fatal(err)
	}
	n, err := strconv.Atoi(level)
	if err != nil {
		log.Fatal(err)
	}
	s := Sample{Output: int64(len(data))}
	before, start := used(), time.Now()
	var all sync.WaitGroup
	all.Go(func() { sha256.Sum256(data) })
	if codec != "none" {
		var next, packed atomic.Int64
		for range runtime.GOMAXPROCS(0) {
			all.Go(func() {
				pack := packer(codec, n)
				for {
					begin := int(next.Add(floorBlock)) - floorBlock
					if begin >= len(data) {
						return
					}
					out := pack(data, begin, min(begin+floorBlock, len(data)))
					sha256.Sum256(out)
					packed.Add(int64(len(out)))
				}
			})
		}
		all.Wait()
		s.Output = packed.Load()
	}
	all.Wait()
	s.Wall, s.CPU = time.Since(start).Seconds(), (used() - before).Seconds()
	return s
}

// mapped returns the bytes of a file from the page cache, all of them brought into the address space.
func mapped(path string) ([]byte, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		return nil, err
	}
	return syscall.Mmap(int(file.Fd()), 0, int(info.Size()), syscall.PROT_READ, syscall.MAP_SHARED|syscall.MAP_POPULATE)
}

// packer returns a function that packs a part of the data; what it returns is valid until it is called again.
func packer(codec string, level int) func(data []byte, begin, end int) []byte {
	if codec == "zstd" {
		z, err := zstd.NewWriter(nil, zstd.WithEncoderLevel(zstd.EncoderLevelFromZstd(level)), zstd.WithEncoderConcurrency(1))
		if err != nil {
			log.Fatal(err)
		}
		var out []byte
		return func(data []byte, begin, end int) []byte {
			out = z.EncodeAll(data[begin:end], out[:0])
			return out
		}
	}
	var out bytes.Buffer
	z, err := flate.NewWriter(&out, level)
	if err != nil {
		log.Fatal(err)
	}
	return func(data []byte, begin, end int) []byte {
		out.Reset()
		z.ResetDict(&out, data[max(0, begin-floorDict):begin])
		z.Write(data[begin:end]) // a buffer never fails
		z.Flush()
		return out.Bytes()
	}
}

// used returns the CPU time of this process.
func used() time.Duration {
	var r syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &r); err != nil {
		log.Fatal(err)
	}
	return time.Duration(r.Utime.Nano() + r.Stime.Nano())
}
