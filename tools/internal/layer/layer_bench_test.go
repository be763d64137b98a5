package layer

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rules-strata/rules_strata/tools/internal/layer/source"
	"github.com/rules-strata/rules_strata/tools/internal/layer/tree"
)

var benchDir = flag.String("tree", "", "directory for the benchmarks, instead of a generated one")

// benchPath returns the directory for the benchmarks: 4000 text files, 64 MB, unless the flag names another one.
func benchPath(b *testing.B) string {
	b.Helper()
	if *benchDir != "" {
		return *benchDir
	}
	dir := b.TempDir()
	rng := rand.New(rand.NewPCG(3, 4))
	for i := range 4000 {
		var text strings.Builder
		for text.Len() < 16<<10 {
			fmt.Fprintf(&text, "line %x of %d\n", rng.IntN(1<<20), i)
		}
		path := filepath.Join(dir, fmt.Sprint(i%100), fmt.Sprint(i))
		err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o777), os.WriteFile(path, []byte(text.String()), 0o666))
		if err != nil {
			b.Fatal(err)
		}
	}
	return dir
}

// readTree returns the entries of a directory.
func readTree(b *testing.B, dir string) []*tree.Entry {
	b.Helper()
	builder := tree.Builder{Same: source.Same}
	err := source.Walk(dir, func(name string, e tree.Entry) error {
		e.Path = "/tree/" + name
		return builder.Add(e)
	})
	if err != nil {
		b.Fatal(err)
	}
	entries, err := builder.Build()
	if err != nil {
		b.Fatal(err)
	}
	return entries
}

func BenchmarkBuild(b *testing.B) {
	entries := readTree(b, benchPath(b))
	for _, format := range formats {
		b.Run(fmt.Sprintf("%s-%d", format.Codec, format.Level), func(b *testing.B) {
			path := filepath.Join(b.TempDir(), "blob")
			for b.Loop() {
				r, err := Build(b.Context(), entries, path, Packing{Format: format})
				if err != nil {
					b.Fatal(err)
				}
				b.SetBytes(r.UncompressedSize)
			}
		})
	}
}

func BenchmarkReadTree(b *testing.B) {
	dir := benchPath(b)
	for b.Loop() {
		readTree(b, dir)
	}
}

func BenchmarkWriteTar(b *testing.B) {
	entries := readTree(b, benchPath(b))
	for b.Loop() {
		if err := write(b, b.Context(), io.Discard, entries); err != nil {
			b.Fatal(err)
		}
	}
}
