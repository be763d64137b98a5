package main

import (
	"archive/tar"
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	v1 "github.com/opencontainers/image-spec/specs-go/v1"

	"github.com/rules-strata/rules_strata/tools/internal/check"
	"github.com/rules-strata/rules_strata/tools/internal/cli"
	"github.com/rules-strata/rules_strata/tools/internal/image/imagetest"
	"github.com/rules-strata/rules_strata/tools/internal/oci"
	"github.com/rules-strata/rules_strata/tools/internal/oci/digest"
	"github.com/rules-strata/rules_strata/tools/internal/oci/wire"
)

// maxFuzzed bounds the size of a fuzzed layer in bytes, because a header may claim gigabytes of zeros.
const maxFuzzed = 8 << 20

// makeLayer runs mklayer with the arguments and an output in a temporary directory, and returns the blob and its
// descriptor. If mklayer fails, it must report an error and leave no output behind.
func makeLayer(t *testing.T, args ...string) ([]byte, wire.Layer, error) {
	t.Helper()
	dir := t.TempDir()
	output, descriptor := filepath.Join(dir, "blob"), filepath.Join(dir, "descriptor")
	var said bytes.Buffer
	code := newCommand(nil).Run(t.Context(), append(args, "--output="+output, "--descriptor="+descriptor),
		cli.Streams{Out: &said, Err: &said})
	if code != cli.ExitOK {
		left, err := os.ReadDir(dir)
		if code != cli.ExitFailure || !strings.HasPrefix(said.String(), "mklayer: ") || len(left) > 0 || err != nil {
			t.Fatalf("exit code %d, %q, left behind: %v, %v", code, &said, left, err)
		}
		return nil, wire.Layer{}, errors.New(said.String())
	}
	layer, err := wire.ReadLayer(descriptor)
	if err != nil || said.Len() > 0 {
		t.Fatalf("%v, %q", err, &said)
	}
	blob, err := os.ReadFile(output)
	if err != nil {
		t.Fatal(err)
	}
	return blob, layer, nil
}

// inspect checks an image of the one layer with package check, which must find no violations. A layer that was kept need
// not follow this project's own rules.
func inspect(t *testing.T, blob []byte, layer wire.Layer, kept bool) {
	t.Helper()
	store := make(imagetest.Store)
	config := v1.Image{Platform: v1.Platform{OS: "linux", Architecture: "amd64"},
		RootFS: v1.RootFS{Type: "layers", DiffIDs: []digest.Digest{layer.DiffID}}}
	manifest := oci.Manifest{Versioned: oci.SchemaVersion, MediaType: oci.MediaTypeManifest,
		Config: store.AddJSON(t, oci.MediaTypeConfig, config), Layers: []oci.Descriptor{layer.Descriptor()}}
	store.Add(layer.MediaType, blob)
	report, err := check.Image(t.Context(), store, store.AddJSON(t, oci.MediaTypeManifest, manifest),
		check.Options{Lenient: func(int, digest.Digest) bool { return kept }})
	if err != nil || len(report.Violations) > 0 || report.Layers != 1 {
		t.Fatalf("kept %v: %+v, %v", kept, report.Violations, err)
	}
}

// repaired returns the archive with the correct checksum in each header, so that a fuzzer gets past the checksum test.
func repaired(archive []byte) []byte {
	const checksum, magic, size = 148, 257, 512
	archive = bytes.Clone(archive)
	for block := range slices.Chunk(archive, size) {
		if len(block) < size || !bytes.HasPrefix(block[magic:], []byte("ustar")) {
			continue
		}
		copy(block[checksum:], "        ")
		sum := 0
		for _, c := range block {
			sum += int(c)
		}
		copy(block[checksum:], fmt.Sprintf("%06o\x00 ", sum))
	}
	return archive
}

// expands reports whether the archive may unpack to more than a fuzzer has time for.
func expands(archive []byte) bool {
	r := tar.NewReader(bytes.NewReader(archive))
	for total := int64(0); ; {
		h, err := r.Next()
		if err != nil {
			return false
		}
		if total += h.Size; total > maxFuzzed {
			return true
		}
	}
}

// Every archive, kept or rewritten, either makes a valid layer or is rejected with an error message.
func FuzzTar(f *testing.F) {
	for _, entries := range [][]string{
		{"5 ./", "5 ./usr/", "0 ./usr/b one", "1 usr/a usr/b", "2 l ../x", "3 null", "6 pipe", "0 usr/.wh.old"},
		{"0 b x", "0 a y", "0 b z", "0 d/.wh..wh..opq"},
		{"2 dir /etc", "0 dir/passwd x"},
		{"0 " + strings.Repeat("n/", 150) + "n x", "2 s " + strings.Repeat("t", 200)},
		{"0 café é"},
		{},
	} {
		data, err := makeTar(entries)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		data = repaired(data)
		if expands(data) {
			return
		}
		path := filepath.Join(t.TempDir(), "a.tar")
		if err := os.WriteFile(path, data, 0o644); err != nil {
			t.Fatal(err)
		}
		kept, layer, errKept := makeLayer(t, "--tar="+path)
		if errKept == nil {
			inspect(t, kept, layer, bytes.Equal(kept, data)) // otherwise it was rewritten by our rules
		}
		blob, layer, err := makeLayer(t, "--tar="+path, "--mtime=0", "--compression=none")
		if (err == nil) != (errKept == nil) {
			t.Errorf("kept: %v; repacked: %v", errKept, err)
		}
		if err == nil {
			inspect(t, blob, layer, false)
			again := filepath.Join(t.TempDir(), "b.tar")
			if err := os.WriteFile(again, blob, 0o644); err != nil {
				t.Fatal(err)
			}
			if _, same, err := makeLayer(t, "--tar="+again, "--mtime=0", "--compression=none"); err != nil ||
				same.Digest != layer.Digest {
				t.Errorf("the layer as an archive makes a different layer: %v, %v", same, err)
			}
		}
	})
}

// Every Debian package either makes a valid layer that contains dpkg's paragraph or is rejected.
func FuzzDeb(f *testing.F) {
	const control = "Package: tool\nVersion: 1\nArchitecture: all\nDescription: x\n more\n"
	data, err := makeTar([]string{"5 ./", "5 ./lib/", "0 ./lib/a one", "0 ./etc/conf x", "1 ./lib/b ./lib/a", "2 ./l lib"})
	if err != nil {
		f.Fatal(err)
	}
	f.Add(control, "/etc/conf\n", data)
	f.Add("Package: a+\n", "", data)
	f.Fuzz(func(t *testing.T, control, conffiles string, data []byte) {
		data = repaired(data)
		if expands(data) {
			return
		}
		controls, err := makeTar([]string{"0 control " + control, "0 conffiles " + conffiles})
		if err != nil {
			t.Fatal(err)
		}
		path := filepath.Join(t.TempDir(), "a.deb")
		if err := os.WriteFile(path, makeAr(controls, data), 0o644); err != nil {
			t.Fatal(err)
		}
		blob, layer, err := makeLayer(t, "--deb="+path, "--symlink=/lib=usr/lib", "--compression=none")
		if err != nil {
			return
		}
		inspect(t, blob, layer, false)
		if !bytes.Contains(blob, []byte("\nStatus: install ok installed\n")) {
			t.Error("no paragraph of the package")
		}
	})
}

// For any bytes of a package, a failure of package deb or mklayer is an error message.
func FuzzAr(f *testing.F) {
	controls, errControls := makeTar([]string{"0 control Package: tool\n"})
	data, errData := makeTar([]string{"0 a x"})
	if err := errors.Join(errControls, errData); err != nil {
		f.Fatal(err)
	}
	f.Add(makeAr(controls, data))
	f.Fuzz(func(t *testing.T, data []byte) {
		path := filepath.Join(t.TempDir(), "a.deb")
		if err := os.WriteFile(path, data, 0o644); err != nil {
			t.Fatal(err)
		}
		blob, layer, err := makeLayer(t, "--deb="+path, fmt.Sprintf("--level=%d", len(data)%9+1))
		if err == nil {
			inspect(t, blob, layer, false)
		}
	})
}
