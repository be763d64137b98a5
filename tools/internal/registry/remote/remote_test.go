package remote

import (
	"context"
	"errors"
	"io"
	"net/http"
	"reflect"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/rules-strata/rules_strata/tools/internal/oci"
	"github.com/rules-strata/rules_strata/tools/internal/oci/content"
	"github.com/rules-strata/rules_strata/tools/internal/oci/digest"
	"github.com/rules-strata/rules_strata/tools/internal/registry"
	"github.com/rules-strata/rules_strata/tools/internal/registry/registrytest"
)

func newClient() *registry.Client {
	return registry.NewClient(registry.Options{Wait: func(context.Context, time.Duration) error { return nil }})
}

// layer returns a layer with the bytes text, at the sources.
func layer(text string, sources ...string) content.RemoteLayer {
	d := oci.Descriptor{
		MediaType: oci.MediaTypeLayer, Digest: digest.FromBytes([]byte(text)), Size: int64(len(text)),
	}
	return content.RemoteLayer{Descriptor: d, Sources: sources}
}

func requests(server *registrytest.Registry) []string {
	var all []string
	for _, r := range server.Requests() {
		all = append(all, r.String())
	}
	return all
}

// Sources are tried in turn, only when a blob is read, and only for the blobs that name them.
func TestSourcesInTurn(t *testing.T) {
	first, second := registrytest.New(t), registrytest.New(t)
	second.AddBlob("team/base", []byte("one"))
	one := layer("one", first.Host+"/mirror", second.Host+"/team/base")
	source := New(newClient(), []content.RemoteLayer{one, layer("one", "nowhere.invalid/x")})
	if made := append(requests(first), requests(second)...); made != nil {
		t.Errorf("requests before anything was read: %q", made)
	}
	got, err := content.ReadAll(t.Context(), source, one.Descriptor)
	if err != nil || string(got) != "one" {
		t.Errorf("read %q, %v", got, err)
	}
	blob := "/blobs/" + one.Descriptor.Digest.String()
	if made, want := requests(first), []string{"GET /v2/mirror" + blob}; !reflect.DeepEqual(made, want) {
		t.Errorf("first: %q, want %q", made, want)
	}
	if made, want := requests(second), []string{"GET /v2/team/base" + blob}; !reflect.DeepEqual(made, want) {
		t.Errorf("second: %q, want %q", made, want)
	}
	if _, err := source.Open(t.Context(), layer("two").Descriptor); !errors.Is(err, content.ErrNotFound) {
		t.Errorf("another blob: %v", err)
	}
}

func TestAllFail(t *testing.T) {
	server := registrytest.New(t)
	server.Inject("GET", 10, func(w http.ResponseWriter, _ *http.Request) bool {
		w.WriteHeader(http.StatusForbidden)
		return true
	})
	one := layer("one", server.Host+"/a", "UPPER", server.Host+"/b")
	_, err := New(newClient(), []content.RemoteLayer{one}).Open(t.Context(), one.Descriptor)
	blob := ": blob " + one.Descriptor.Digest.String() + ": 403 Forbidden"
	want := server.Host + "/a" + blob + "\n" +
		`repository "UPPER": repository component "UPPER": only lower-case letters are allowed` + "\n" +
		server.Host + "/b" + blob
	if err == nil || err.Error() != want {
		t.Errorf("error %v\nwant %s", err, want)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := New(newClient(), []content.RemoteLayer{one}).Open(ctx, one.Descriptor); !errors.Is(err, context.Canceled) {
		t.Errorf("after the end: %v", err)
	}
}

// The reader rejects bytes that do not match the blob's digest.
func TestWrongBytes(t *testing.T) {
	server := registrytest.New(t)
	one := layer("one", server.Host+"/a")
	server.Inject("GET", 1, func(w http.ResponseWriter, _ *http.Request) bool {
		io.WriteString(w, "two")
		return true
	})
	_, err := content.ReadAll(t.Context(), New(newClient(), []content.RemoteLayer{one}), one.Descriptor)
	if mismatch := (*digest.MismatchError)(nil); !errors.As(err, &mismatch) {
		t.Errorf("error %v", err)
	}
}

func TestParallel(t *testing.T) {
	server := registrytest.New(t)
	var layers []content.RemoteLayer
	for n := range 8 {
		text := strings.Repeat("x", n)
		server.AddBlob("a", []byte(text))
		layers = append(layers, layer(text, server.Host+"/a"))
	}
	source := New(newClient(), layers)
	var readers sync.WaitGroup
	for _, l := range layers {
		readers.Go(func() {
			if err := content.Copy(t.Context(), io.Discard, source, l.Descriptor); err != nil {
				t.Error(err)
			}
		})
	}
	readers.Wait()
}
