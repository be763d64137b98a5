package engine

import (
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/rules-strata/rules_strata/tools/internal/engine/enginetest"
	"github.com/rules-strata/rules_strata/tools/internal/image/imagetest"
	"github.com/rules-strata/rules_strata/tools/internal/oci"
)

// loader loads images into one engine that stores them.
type loader struct {
	t      *testing.T
	engine *Engine
	store  imagetest.Store
}

func newLoader(t *testing.T, flavour, namespace string) *loader {
	t.Helper()
	part := strings.SplitN(flavour, " ", 3)
	install(t, part[1], part[2])
	e, err := Find(t.Context(), Choice{Name: part[0], Namespace: namespace})
	if err != nil {
		t.Fatal(err)
	}
	return &loader{t, e, imagetest.Store{}}
}

// load loads an image of the layers and returns "HELD of LAYERS" for each attempt. Several names are separated by spaces.
func (l *loader) load(name string, compression oci.Compression, layers ...string) string {
	l.t.Helper()
	root := l.store.AddImage(l.t, "linux/amd64", compression, layers...)
	var plans []string
	image := Image{Source: l.store, Root: root}
	for name := range strings.FieldsSeq(name) {
		image.Names = append(image.Names, named(l.t, l.store, root, name).Names...)
	}
	err := l.engine.Load(l.t.Context(), image, func(p Plan) {
		if (p.Refusal != nil) != (len(plans) == 1) {
			l.t.Errorf("attempt %d: refusal %v", len(plans)+1, p.Refusal)
		}
		plans = append(plans, fmt.Sprintf("%d of %d", p.Held, p.Layers))
		if (p.Bytes == 0) != (p.Held == p.Layers) {
			l.t.Errorf("%+v", p)
		}
	})
	if err != nil {
		l.t.Error(err)
	}
	return strings.Join(plans, ", ")
}

// TestHeld checks that an engine gets only the layers that it lacks. If a layer were omitted by mistake, the engine's
// program would fail, and the test would see another attempt.
func TestHeld(t *testing.T) {
	flavours := []struct {
		flavour  string
		moved    string // the plan for an image of two new layers and one that it has
		repacked string // and for an image that it has, packed differently
	}{
		{"docker docker ", "0 of 3", "3 of 3"},
		{"docker docker " + enginetest.Snapshotter, "1 of 3", "0 of 3"},
		{"podman podman ", "0 of 3", "3 of 3, 0 of 3"},
		{"containerd ctr ", "1 of 3", "0 of 3"},
		{"containerd nerdctl ", "1 of 3", "0 of 3"},
	}
	for _, f := range flavours {
		t.Setenv("FAKE_STORE", t.TempDir())
		l := newLoader(t, f.flavour, "")
		tests := []struct {
			name        string
			compression oci.Compression
			layers      string
			want        string
		}{
			{"localhost/app", oci.Gzip, "a b c", "0 of 3"},
			{"localhost/app", oci.Gzip, "a b c", "3 of 3"},
			{"localhost/app", oci.Gzip, "a b d", "2 of 3"},
			{"localhost/other", oci.Gzip, "a b d e", "3 of 4"},
			{"localhost/other", oci.Gzip, "x y b", f.moved},
			{"localhost/other", oci.Zstd, "a b c", f.repacked},
		}
		for _, test := range tests {
			got := l.load(test.name, test.compression, strings.Fields(test.layers)...)
			if got != test.want {
				t.Errorf("%s: %s of %s: %s, want %s", f.flavour, test.name, test.layers, got, test.want)
			}
		}
	}
}

// TestHeldNames checks that an engine with all layers gets none, however many names the image has, and that the image has
// each name afterwards.
func TestHeldNames(t *testing.T) {
	for _, flavour := range []string{"docker docker ", "podman podman ", "containerd ctr ", "containerd nerdctl "} {
		t.Setenv("FAKE_STORE", t.TempDir())
		l := newLoader(t, flavour, "")
		got := []string{
			l.load("localhost/app localhost/app:v1 app", oci.Gzip, "a", "b"),
			l.load("localhost/app localhost/app:v1 app", oci.Gzip, "a", "b"),
			l.load("app", oci.Gzip, "a", "b", "c"),
		}
		if want := []string{"0 of 2", "2 of 2", "2 of 3"}; !reflect.DeepEqual(got, want) {
			t.Errorf("%s: %q, want %q", flavour, got, want)
		}
		for _, name := range []string{"localhost/app:latest", "localhost/app:v1", "docker.io/library/app:latest"} {
			if file := filepath.Join(os.Getenv("FAKE_STORE"), l.engine.kind.program+".json"); !isIn(t, file, name) {
				t.Errorf("%s has no %s", flavour, name)
			}
		}
	}
}

// isIn reports whether a file contains a JSON string.
func isIn(t *testing.T, file, text string) bool {
	t.Helper()
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return strings.Contains(string(data), `"`+text+`"`)
}

// TestHeldTwice checks that Docker gets a blob that it has at only one of its two positions.
func TestHeldTwice(t *testing.T) {
	t.Setenv("FAKE_STORE", t.TempDir())
	l := newLoader(t, "docker docker ", "")
	for _, test := range []struct{ layers, want string }{
		{"a b", "0 of 2"}, {"a b a", "1 of 3"}, {"a b a", "3 of 3"},
	} {
		if got := l.load("localhost/app", oci.Gzip, strings.Fields(test.layers)...); got != test.want {
			t.Errorf("%s: %s, want %s", test.layers, got, test.want)
		}
	}
}

// TestHeldNoMore checks that all layers are sent if the engine turns out to lack layers that it reported.
func TestHeldNoMore(t *testing.T) {
	for _, flavour := range []string{"docker docker", "podman podman", "containerd ctr", "containerd nerdctl"} {
		t.Setenv("FAKE_STORE", t.TempDir())
		l := newLoader(t, flavour+" "+enginetest.Forgetful, "")
		got := []string{l.load("localhost/app", oci.Gzip, "a", "b"), l.load("localhost/app", oci.Gzip, "a", "c")}
		if want := []string{"0 of 2", "1 of 2, 0 of 2"}; !reflect.DeepEqual(got, want) {
			t.Errorf("%s: %q, want %q", flavour, got, want)
		}
	}
}

// TestNamespace checks that layers in one containerd namespace are not assumed in another.
func TestNamespace(t *testing.T) {
	for _, flavour := range []string{"containerd ctr ", "containerd nerdctl "} {
		t.Setenv("FAKE_STORE", t.TempDir())
		for _, test := range []struct{ namespace, want string }{
			{"", "0 of 1"}, {"k8s.io", "0 of 1"}, {"k8s.io", "1 of 1"}, {"", "1 of 1"},
		} {
			if got := newLoader(t, flavour, test.namespace).load("app", oci.Gzip, "a"); got != test.want {
				t.Errorf("%s in %q: %s, want %s", flavour, test.namespace, got, test.want)
			}
		}
	}
}
