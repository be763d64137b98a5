package layer

import (
	"io"
	"os"
	"path/filepath"
	"runtime"
	"testing"

	"github.com/rules-strata/rules_strata/tools/internal/compress"
	"github.com/rules-strata/rules_strata/tools/internal/source"
	"github.com/rules-strata/rules_strata/tools/internal/tree"
)

// benchTree returns the entries of the Go installation's sources, some 10,000 files.
func benchTree(b *testing.B) []*tree.Entry {
	b.Helper()
	builder := tree.Builder{Same: source.Same}
	reader := source.NewReader(b.TempDir())
	err := reader.Walk(filepath.Join(runtime.GOROOT(), os.Getenv("XSUB")), func(name string, e tree.Entry) error {
		e.Path = "/usr/local/go/" + name
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
	for _, format := range []compress.Format{{Codec: compress.None}, {Codec: compress.Gzip, Level: 1},
		{Codec: compress.Gzip, Level: 6}, {Codec: compress.Zstd, Level: 3}} {
		b.Run(string(format.Codec)+"-"+string('0'+rune(format.Level)), func(b *testing.B) {
			entries := benchTree(b)
			for b.Loop() {
				r, err := Build(b.Context(), entries, filepath.Join(b.TempDir(), "blob"), format)
				if err != nil {
					b.Fatal(err)
				}
				b.SetBytes(r.UncompressedSize)
			}
		})
	}
}

func BenchmarkWalk(b *testing.B) {
	for b.Loop() {
		benchTree(b)
	}
}

func BenchmarkWriteTar(b *testing.B) {
	entries := benchTree(b)
	for b.Loop() {
		if err := WriteTar(b.Context(), io.Discard, entries); err != nil {
			b.Fatal(err)
		}
	}
}
