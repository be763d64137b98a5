package main

import (
	"archive/tar"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
	"github.com/rogpeppe/go-internal/testscript"

	"github.com/rules-strata/rules_strata/tools/internal/cli"
	"github.com/rules-strata/rules_strata/tools/internal/oci"
	"github.com/rules-strata/rules_strata/tools/internal/oci/digest"
	"github.com/rules-strata/rules_strata/tools/internal/oci/wire"
)

// The scripts run the real main. They also have "umask MASK ARGS...", which is mklayer in a process with that umask,
// "lslayer BLOB DESCRIPTOR", which checks that the descriptor describes the blob and lists the blob's entries, and
// "mkinput", which makes archives.
func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){
		"mklayer": main,
		"umask":   setUmask,
		"lslayer": func() { exitOn(listLayer(os.Args[1], os.Args[2])) },
		"mkinput": func() { exitOn(makeInput(os.Args[1], os.Args[2:])) },
	})
}

func exitOn(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{Dir: "testdata"})
}

func listLayer(blob, descriptor string) error {
	layer, err := wire.ReadLayer(descriptor)
	if err != nil {
		return err
	}
	sum, size, err := digest.FromFile(blob)
	if err != nil || sum != layer.Digest || size != layer.Size {
		return fmt.Errorf("the blob is %s of %d bytes, the descriptor has %+v, %v", sum, size, layer, err)
	}
	file, err := os.Open(blob)
	if err != nil {
		return err
	}
	defer file.Close()
	plain, err := unpack(file, layer.MediaType)
	if err != nil {
		return err
	}
	seen := digest.NewWriter()
	if err := listTar(io.TeeReader(plain, seen)); err != nil {
		return err
	}
	if seen.Digest() != layer.DiffID || seen.Size() != layer.UncompressedSize {
		return fmt.Errorf("the tar is %s of %d bytes, the descriptor has %+v", seen.Digest(), seen.Size(), layer)
	}
	return nil
}

func unpack(r io.Reader, mediaType string) (io.Reader, error) {
	compression, err := oci.LayerCompression(mediaType)
	switch {
	case err != nil:
		return nil, err
	case compression == oci.Gzip:
		return gzip.NewReader(r)
	case compression == oci.Zstd:
		return zstd.NewReader(r)
	}
	return r, nil
}

// listTar prints a line for each entry: type, mode, owner, size, time unless it is the epoch, name, target, content.
func listTar(r io.Reader) error {
	t := tar.NewReader(r)
	for {
		h, err := t.Next()
		if err == io.EOF {
			_, err = io.Copy(io.Discard, r)
			return err
		}
		if err != nil {
			return err
		}
		fmt.Printf("%c %04o %d:%d", h.Typeflag, h.Mode, h.Uid, h.Gid)
		if h.Uname+h.Gname != "" {
			fmt.Printf(" %s:%s", h.Uname, h.Gname)
		}
		if !h.ModTime.Equal(time.Unix(0, 0)) {
			fmt.Printf(" %s", h.ModTime.UTC().Format(time.RFC3339Nano))
		}
		fmt.Printf(" %q", h.Name)
		if h.Linkname != "" {
			fmt.Printf(" -> %q", h.Linkname)
		}
		if h.Devmajor+h.Devminor > 0 {
			fmt.Printf(" %d,%d", h.Devmajor, h.Devminor)
		}
		for _, key := range slices.Sorted(maps.Keys(h.PAXRecords)) {
			if name, ok := strings.CutPrefix(key, "SCHILY.xattr."); ok {
				fmt.Printf(" %s=%q", name, h.PAXRecords[key])
			}
		}
		content, err := io.ReadAll(io.LimitReader(t, 40))
		if len(content) > 0 {
			fmt.Printf(" %q", content)
		}
		fmt.Println()
		if err != nil {
			return err
		}
	}
}

// A pair with escapes is read back unchanged, and splitting loses nothing.
func FuzzSplitPair(f *testing.F) {
	for _, seed := range [][2]string{{"a", "b"}, {"", ""}, {"a=b", "c=d"}, {`a\`, `\=`}, {"a\nb", "\n"}, {`\n`, `\\`}} {
		f.Add(seed[0], seed[1])
	}
	escape := strings.NewReplacer(`\`, `\\`, "=", `\=`)
	f.Fuzz(func(t *testing.T, key, value string) {
		gotKey, gotValue, err := cli.SplitPair(escape.Replace(key) + "=" + value)
		if gotKey != key || gotValue != value || err != nil {
			t.Errorf("%q, %q: got %q, %q, %v", key, value, gotKey, gotValue, err)
		}
		if gotKey, gotValue, err = cli.SplitPair(key); err == nil && len(gotKey)+len(gotValue) >= len(key) {
			t.Errorf("%q was split into %q and %q", key, gotKey, gotValue)
		}
	})
}
