package engine

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/rules-strata/rules_strata/tools/internal/engine/enginetest"
	"github.com/rules-strata/rules_strata/tools/internal/image/imagetest"
	"github.com/rules-strata/rules_strata/tools/internal/oci"
	"github.com/rules-strata/rules_strata/tools/internal/oci/content"
	"github.com/rules-strata/rules_strata/tools/internal/oci/digest"
	"github.com/rules-strata/rules_strata/tools/internal/oci/reference"
)

// TestMain lets the test binary stand in for the engines' programs.
func TestMain(m *testing.M) {
	if name := filepath.Base(os.Args[0]); slices.Contains(enginetest.Programs, name) {
		os.Exit(enginetest.Main(name))
	}
	os.Exit(m.Run())
}

// install makes a PATH with programs of the given behaviour: name, behaviour, name, behaviour.
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
		{"podman chosen", []string{"docker", "", "podman", "linux/arm64"}, "podman", "podman linux/arm64"},
		{"docker without its daemon", []string{"docker", enginetest.Down, "podman", ""}, Auto, "podman linux/amd64"},
		{"no docker", []string{"podman", ""}, Auto, "podman linux/amd64"},
		{"nothing", nil, Auto,
			"no usable container engine: docker: not found on the PATH; podman: not found on the PATH"},
		{"no podman", []string{"docker", ""}, "podman", "no usable container engine: podman: not found on the PATH"},
		{"no engine answers", []string{"docker", enginetest.Down, "podman", enginetest.Down}, Auto,
			"no usable container engine: docker: " + down + "; podman: " + down},
		{"odd answer", []string{"docker", enginetest.Odd}, "docker", "no usable container engine: docker: " +
			`reports an invalid platform "<no value>": expected OS/ARCH or OS/ARCH/VARIANT`},
		{"containerd is not tried unasked", []string{"ctr", "", "nerdctl", ""}, Auto,
			"no usable container engine: docker: not found on the PATH; podman: not found on the PATH"},
		{"ctr", []string{"ctr", "", "nerdctl", "linux/arm64"}, "containerd",
			"containerd " + runtime.GOOS + "/" + runtime.GOARCH},
		{"ctr without rights", []string{"ctr", enginetest.Down, "nerdctl", "linux/arm64"}, "containerd",
			"containerd linux/arm64"},
		{"no containerd", []string{"ctr", enginetest.Down}, "containerd",
			"no usable container engine: ctr: " + down + "; nerdctl: not found on the PATH"},
	}
	for _, test := range tests {
		install(t, test.programs...)
		e, err := Find(t.Context(), Choice{Name: test.engine})
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
	if _, err := Find(ctx, Choice{Name: Auto}); !errors.Is(err, context.Canceled) {
		t.Errorf("canceled: %v", err)
	}
}

func TestCheck(t *testing.T) {
	tests := []struct {
		choice Choice
		want   string
	}{
		{Choice{Name: "auto"}, ""}, {Choice{Name: "docker"}, ""}, {Choice{Name: "podman"}, ""},
		{Choice{Name: "containerd"}, ""}, {Choice{"containerd", "k8s.io"}, ""},
		{Choice{"docker", "k8s.io"}, `namespace "k8s.io": only containerd has namespaces, and the engine is docker`},
		{Choice{Name: "rkt"}, `engine "rkt": expected one of auto, docker, podman, containerd`},
	}
	for _, test := range tests {
		err := test.choice.Check()
		if err == nil && test.want != "" || err != nil && err.Error() != test.want {
			t.Errorf("%v: error %v, want %q", test.choice, err, test.want)
		}
	}
}

// find returns a docker of the given behaviour.
func find(t *testing.T, behaviour string) *Engine {
	t.Helper()
	install(t, "docker", behaviour)
	e, err := Find(t.Context(), Choice{Name: "docker"})
	if err != nil {
		t.Fatal(err)
	}
	return e
}

// named returns an image with a name.
func named(t *testing.T, store imagetest.Store, root oci.Descriptor, name string) Image {
	t.Helper()
	ref, err := reference.Parse(name)
	if err != nil {
		t.Fatal(err)
	}
	return Image{Source: store, Root: root, Names: []reference.Reference{ref}}
}

// largeImage returns an image with a layer larger than a pipe's buffer.
func largeImage(t *testing.T) Image {
	t.Helper()
	store := imagetest.Store{}
	tar := imagetest.Tar(t, imagetest.File{Name: "large", Data: strings.Repeat("x", 1<<20)})
	large := store.Add(oci.MediaTypeLayer, tar)
	config := store.AddJSON(t, oci.MediaTypeConfig, map[string]any{
		"os": "linux", "architecture": "amd64",
		"rootfs": oci.RootFS{Type: "layers", DiffIDs: []digest.Digest{large.Digest}},
	})
	root := store.AddJSON(t, oci.MediaTypeManifest, oci.Manifest{
		Versioned: oci.SchemaVersion, MediaType: oci.MediaTypeManifest, Config: config, Layers: []oci.Descriptor{large},
	})
	return named(t, store, root, "localhost/app")
}

func TestLoadFails(t *testing.T) {
	tests := []struct{ behaviour, want string }{
		{"", ""},
		{enginetest.Crash, "docker load: exit status 3\n  unpacking\n  Error: no space left on device"},
		{enginetest.Deaf, "docker load: exited before it read the whole image"},
		{enginetest.Full, "docker load: exit status 1\n  Error: image rejected"},
	}
	for _, test := range tests {
		plans := 0
		err := find(t, test.behaviour).Load(t.Context(), largeImage(t), func(Plan) { plans++ })
		if err == nil && test.want != "" || err != nil && err.Error() != test.want || plans != 1 {
			t.Errorf("%s: %v after %d attempts\nwant %s", test.behaviour, err, plans, test.want)
		}
	}
	e := find(t, "")
	e.path += "-gone"
	err := e.Load(t.Context(), largeImage(t), func(Plan) {})
	if err == nil || !strings.HasPrefix(err.Error(), "docker load: ") {
		t.Errorf("a missing program: %v", err)
	}
	odd := largeImage(t)
	manifest := odd.Source.(imagetest.Store).Manifest(t, odd.Root)
	manifest.Layers = append(manifest.Layers, manifest.Layers...)
	odd.Root = odd.Source.(imagetest.Store).AddJSON(t, oci.MediaTypeManifest, manifest)
	want := odd.Root.Digest.String() + ": 2 layers, but 1 diff ids"
	if err := find(t, "").Load(t.Context(), odd, func(Plan) {}); err == nil || err.Error() != want {
		t.Errorf("%v, want %s", err, want)
	}
}

// TestLoadBroken checks that an engine does not accept a truncated archive as complete.
func TestLoadBroken(t *testing.T) {
	broken := largeImage(t)
	store := broken.Source.(imagetest.Store)
	delete(store, store.Manifest(t, broken.Root).Layers[0].Digest)
	err := find(t, enginetest.Lax).Load(t.Context(), broken, func(Plan) {})
	if !errors.Is(err, content.ErrNotFound) {
		t.Errorf("Load: %v, want ErrNotFound", err)
	}
}

// TestLoadForeignLayer checks that one sentence names a missing layer that is not distributable.
func TestLoadForeignLayer(t *testing.T) {
	absent := largeImage(t)
	store := absent.Source.(imagetest.Store)
	manifest := store.Manifest(t, absent.Root)
	layer := &manifest.Layers[0]
	delete(store, layer.Digest)
	layer.MediaType, layer.URLs = oci.DockerMediaTypeForeignLayer, []string{"https://example.org/layer"}
	absent.Root = store.AddJSON(t, oci.MediaTypeManifest, manifest)
	want := layer.Digest.String() + ": the layer is missing and not distributable, so it cannot be archived; " +
		"engines fetch it from https://example.org/layer"
	if err := find(t, "").Load(t.Context(), absent, func(Plan) {}); err == nil || err.Error() != want {
		t.Errorf("Load: %v, want %s", err, want)
	}
}

// TestLoadCancel checks that an engine's program ends with the context, even if it does not read its input.
func TestLoadCancel(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
	defer cancel()
	start := time.Now()
	err := find(t, enginetest.Hang).Load(ctx, largeImage(t), func(Plan) {})
	if !errors.Is(err, context.DeadlineExceeded) || time.Since(start) > graceTime {
		t.Errorf("Load: %v after %v", err, time.Since(start))
	}
}

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
	const have = "available: linux/amd64, linux/arm/v6, linux/arm/v7, linux/riscv64"
	tests := []struct {
		root oci.Descriptor
		want string
		got  string // digest, or the error
	}{
		{index, "linux/amd64", amd64.Digest.String()},
		{index, "linux/arm/v6", armv6.Digest.String()},
		{index, "linux/arm", armv7.Digest.String()},
		{index, "linux/arm/v7", armv7.Digest.String()},
		{index, "linux/riscv64", unstated.Digest.String()},
		{index, "linux/s390x", index.Digest.String() + ": no image for linux/s390x; " + have},
		{index, "linux/arm/v8", index.Digest.String() + ": no image for linux/arm/v8; " + have},
		{unstated, "linux/riscv64", unstated.Digest.String()},
		{unstated, "linux/amd64", unstated.Digest.String() + ": no image for linux/amd64; available: linux/riscv64"},
	}
	for _, test := range tests {
		platform, err := oci.ParsePlatform(test.want)
		if err != nil {
			t.Fatal(err)
		}
		selected, err := Image{Source: store, Root: test.root, Platform: &platform}.Select(t.Context())
		got := selected.Root.Digest.String()
		if err != nil {
			got = err.Error()
		}
		if got != test.got {
			t.Errorf("%s: %s\nwant %s", test.want, got, test.got)
		}
	}
	delete(store, armv6.Digest)
	_, err := Image{Source: store, Root: index, Platform: amd64.Platform}.Select(t.Context())
	if !errors.Is(err, content.ErrNotFound) {
		t.Errorf("a missing manifest: %v", err)
	}
	if any, err := (Image{Root: index}).Select(t.Context()); err != nil || any.Root.Digest != index.Digest {
		t.Errorf("without a platform: %v, %v", any.Root, err)
	}
}
