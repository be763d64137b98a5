// Large writes the packages of a large environment, to measure mkconda with.
//
//	go run ./tools/internal/layer/conda/condatest/large --output=DIR
package main

import (
	"flag"
	"fmt"
	"log"
	"path/filepath"
	"strings"

	"github.com/klauspost/compress/zstd"

	"github.com/rules-strata/rules_strata/tools/internal/layer/conda/condatest"
)

func main() {
	output := flag.String("output", ".", "`directory` to write the packages to")
	packages := flag.Int("packages", 50, "`number` of packages")
	size := flag.Int("bytes", 300<<20, "`number` of bytes in all of them, unpacked")
	flag.Parse()
	for number := range *packages {
		p := large(number, *size*2/((number+2)*(number+3))) // adds up to about the size
		if err := p.Write(filepath.Join(*output, p.Stem()+".conda")); err != nil {
			log.Fatal(err)
		}
	}
}

// sizes are those of files, as often as they occur.
var sizes = []int{900, 4000, 15000, 60000, 250000, 2 << 20}

// large returns a package of left bytes. A sixth of the files has the placeholder.
func large(number, left int) condatest.Package {
	random := uint64(number + 1)
	p := condatest.Package{Name: fmt.Sprintf("package%02d", number), Level: zstd.SpeedBetterCompression}
	for n := 0; left > 0; n++ {
		kind := n % len(sizes)
		size := min(left, sizes[kind])
		f := condatest.File{Path: fmt.Sprintf("lib/%s/%d/file%d", p.Name, n%50, n)}
		f.Body = fill(&random, size, kind < len(sizes)/2)
		switch n % 12 {
		case 2: // a script
			f.Body, f.FileMode = "#!"+condatest.Placeholder+"/bin/python\n"+f.Body, "text"
		case 5: // a library
			f.Body, f.FileMode, f.Mode = "\x7fELF\x02\x01\x01"+f.Body+condatest.Placeholder+"/lib\x00", "binary", 0o755
		}
		p.Files = append(p.Files, f)
		left -= size
	}
	return p
}

// fill returns a text of words, or something like the code of a program. Both pack to about a third.
func fill(random *uint64, size int, text bool) string {
	var b strings.Builder
	b.Grow(size + 16)
	for b.Len() < size {
		*random ^= *random << 13
		*random ^= *random >> 7
		*random ^= *random << 17
		if text {
			fmt.Fprintf(&b, "word%d ", *random%5000)
			continue
		}
		code := *random % 65536
		b.Write([]byte{0x48, 0x89, byte(code), byte(code >> 8), 0, 0, byte(code%7) * 16, 0xe8})
	}
	return b.String()[:size]
}
