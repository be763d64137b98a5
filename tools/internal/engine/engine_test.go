package engine

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/rules-strata/rules_strata/tools/internal/content"
	"github.com/rules-strata/rules_strata/tools/internal/engine/enginetest"
	"github.com/rules-strata/rules_strata/tools/internal/imagetest"
	"github.com/rules-strata/rules_strata/tools/internal/oci"
	"github.com/rules-strata/rules_strata/tools/internal/reference"
)

// TestMain lets the test binary also be the engines' programs.
func TestMain(m *testing.M) {
	switch name := filepath.Base(os.Args[0]); name {
	case "docker", "podman":
		os.Exit(enginetest.Main(name))
	}
	os.Exit(m.Run())
}

// install makes a PATH with the programs that behave as said: name, behaviour, name, behaviour.
func install(t *testing.T, programs ...string) {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	for i := 0; i < len(programs); i += 2 {
		if err := os.Symlink(self, filepath.Join(dir, programs[i])); err != nil {
			t.Fatal(err)
		}
		t.Setenv("FAKE_"+strings.ToUpper(programs[i]), programs[i+1])
	}
	t.Setenv("PATH", dir)
}

func TestFind(t *testing.T) {
	const down = "does not answer: exit status 1\n  Cannot connect to the daemon. Is it running?"
	tests := []struct {
		name     string
		programs []string
		engine   string
		want     string // "NAME PLATFORM", or the error
	}{
		{"both", []string{"docker", "", "podman", "linux/arm64"}, Auto, "docker linux/amd64"},
		{"podman wanted", []string{"docker", "", "podman", "linux/arm64"}, "podman", "podman linux/arm64"},
		{"docker without its daemon", []string{"docker", enginetest.Down, "podman", ""}, Auto, "podman linux/amd64"},
		{"no docker", []string{"podman", ""}, Auto, "podman linux/amd64"},
		{"nothing", nil, Auto,
			"no container engine can be used: docker: not found on the PATH; podman: not found on the PATH"},
		{"no podman", []string{"docker", ""}, "podman", "no container engine can be used: podman: not found on the PATH"},
		{"nothing answers", []string{"docker", enginetest.Down, "podman", enginetest.Down}, Auto,
			"no container engine can be used: docker: " + down + "; podman: " + down},
		{"odd answer", []string{"docker", enginetest.Odd}, "docker", "no container engine can be used: docker: " +
			`does not tell its platform "<no value>": expected OS/ARCH or OS/ARCH/VARIANT`},
	}
	for _, test := range tests {
		install(t, test.programs...)
		e, err := Find(t.Context(), test.engine)
		got := fmt.Sprint(err)
		if err == nil {
			got = e.Name + " " + oci.FormatPlatform(e.Platform)
		}
		if got != test.want || err != nil && !errors.Is(err, ErrUnavailable) {
			t.Errorf("%s: %s\nwant %s", test.name, got, test.want)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	install(t, "docker", "")
	if _, err := Find(ctx, Auto); !errors.Is(err, context.Canceled) {
		t.Errorf("canceled: %v", err)
	}
}

func TestCheck(t *testing.T) {
	for _, name := range []string{"auto", "docker", "podman"} {
		if err := Check(name); err != nil {
			t.Error(err)
		}
	}
	want := `engine "nerdctl": expected one of auto, docker, podman`
	if err := Check("nerdctl"); err == nil || err.Error() != want {
		t.Errorf("error %v, want %s", err, want)
	}
}

// find returns docker behaving as said.
func find(t *testing.T, behaviour string) *Engine {
	t.Helper()
	install(t, "docker", behaviour)
	e, err := Find(t.Context(), "docker")
	if err != nil {
		t.Fatal(err)
	}
	return e
}

// image returns an image with a layer of some size, larger than what a pipe holds.
func image(t *testing.T) Image {
	t.Helper()
	store := imagetest.Store{}
	name, err := reference.Parse("localhost/app")
	if err != nil {
		t.Fatal(err)
	}
	root := store.AddImage(t, "linux/amd64", oci.Uncompressed, strings.Repeat("a", 90))
	large := store.Add(oci.MediaTypeLayer, bytes.Repeat([]byte("x"), 1<<20))
	manifest := store.Manifest(t, root)
	manifest.Layers = append(manifest.Layers, large)
	root = store.AddJSON(t, oci.MediaTypeManifest, manifest)
	return Image{Source: store, Root: root, Names: []reference.Reference{name}}
}

func TestLoad(t *testing.T) {
	tests := []struct{ behaviour, want string }{
		{"", ""},
		{enginetest.Crash, "docker load: exit status 3\n  unpacking\n  Error: no space left on device"},
		{enginetest.Deaf, "docker load: it ended before it had read the image"},
		{enginetest.Full, "docker load: exit status 1\n  Error: the image is refused"},
	}
	for _, test := range tests {
		var out bytes.Buffer
		err := find(t, test.behaviour).Load(t.Context(), &out, image(t))
		if test.want == "" {
			if err != nil || out.String() != "Loaded image: localhost/app:latest\n" {
				t.Errorf("Load: %v, output %q", err, out.String())
			}
			continue
		}
		if err == nil || err.Error() != test.want || out.Len() > 0 {
			t.Errorf("%s: %v, output %q\nwant %s", test.behaviour, err, out.String(), test.want)
		}
	}
	e := find(t, "")
	e.path += "-gone"
	if err := e.Load(t.Context(), io.Discard, image(t)); err == nil || !strings.HasPrefix(err.Error(), "docker load: ") {
		t.Errorf("a program that is gone: %v", err)
	}
}

// TestLoadBroken checks that an engine does not take an archive for whole that broke off.
func TestLoadBroken(t *testing.T) {
	broken := image(t)
	store := broken.Source.(imagetest.Store)
	layers := store.Manifest(t, broken.Root).Layers
	delete(store, layers[1].Digest)
	var out bytes.Buffer
	err := find(t, enginetest.Lax).Load(t.Context(), &out, broken)
	if !errors.Is(err, content.ErrNotFound) || out.Len() > 0 {
		t.Errorf("Load: %v, output %q; want ErrNotFound and none", err, out.String())
	}
}

// TestLoadCancel checks that an engine's program ends with the context, even if it reads nothing.
func TestLoadCancel(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	start := time.Now()
	err := find(t, enginetest.Hang).Load(ctx, writerFunc(cancel), image(t))
	if !errors.Is(err, context.Canceled) || time.Since(start) > graceTime {
		t.Errorf("Load: %v after %v", err, time.Since(start))
	}
}

// writerFunc is a writer that calls a function.
type writerFunc func()

func (f writerFunc) Write(p []byte) (int, error) { f(); return len(p), nil }

func TestTail(t *testing.T) {
	var end tail
	fmt.Fprint(&end, strings.Repeat("x", maxTail), "end")
	if got := end.String(); len(got) != maxTail || !strings.HasSuffix(got, "xend") {
		t.Errorf("%d bytes, ...%s", len(got), got[len(got)-5:])
	}
}

func TestSelect(t *testing.T) {
	store := imagetest.Store{}
	amd64 := store.AddImage(t, "linux/amd64", oci.Gzip, "amd64")
	armv6 := store.AddImage(t, "linux/arm/v6", oci.Gzip, "armv6")
	armv7 := store.AddImage(t, "linux/arm/v7", oci.Gzip, "armv7")
	unstated := store.AddImage(t, "linux/riscv64", oci.Gzip, "riscv64")
	unstated.Platform = nil
	attestation := store.AddImage(t, "unknown/unknown", oci.Gzip, "attestation")
	artifact := store.AddJSON(t, oci.MediaTypeManifest, oci.Manifest{
		Versioned: oci.SchemaVersion, Config: store.Add("application/vnd.oci.empty.v1+json", []byte("{}")),
	})
	index := store.AddIndex(t, artifact, attestation, amd64, store.AddIndex(t, armv6, armv7), unstated, amd64)
	const have = "there are: linux/amd64, linux/arm/v6, linux/arm/v7, linux/riscv64"
	tests := []struct {
		root oci.Descriptor
		want string
		got  string // digest, or the error
	}{
		{index, "linux/amd64", amd64.Digest.String()},
		{index, "linux/arm", armv6.Digest.String()},
		{index, "linux/arm/v7", armv7.Digest.String()},
		{index, "linux/riscv64", unstated.Digest.String()},
		{index, "linux/s390x", index.Digest.String() + ": no image for linux/s390x, " + have},
		{index, "linux/arm/v8", index.Digest.String() + ": no image for linux/arm/v8, " + have},
		{unstated, "linux/riscv64", unstated.Digest.String()},
		{unstated, "linux/amd64", unstated.Digest.String() + ": no image for linux/amd64, there are: linux/riscv64"},
	}
	for _, test := range tests {
		platform, err := oci.ParsePlatform(test.want)
		if err != nil {
			t.Fatal(err)
		}
		selected, err := Image{Source: store, Root: test.root}.Select(t.Context(), platform)
		got := selected.Root.Digest.String()
		if err != nil {
			got = err.Error()
		}
		if got != test.got {
			t.Errorf("%s: %s\nwant %s", test.want, got, test.got)
		}
	}
	delete(store, armv6.Digest)
	_, err := Image{Source: store, Root: index}.Select(t.Context(), *amd64.Platform)
	if !errors.Is(err, content.ErrNotFound) {
		t.Errorf("a missing manifest: %v", err)
	}
}
