package push

import (
	"context"
	"errors"
	"fmt"
	"io"
	"reflect"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/rules-strata/rules_strata/tools/internal/image/imagetest"
	"github.com/rules-strata/rules_strata/tools/internal/oci"
	"github.com/rules-strata/rules_strata/tools/internal/oci/content"
	"github.com/rules-strata/rules_strata/tools/internal/oci/digest"
	"github.com/rules-strata/rules_strata/tools/internal/oci/reference"
	"github.com/rules-strata/rules_strata/tools/internal/registry"
	"github.com/rules-strata/rules_strata/tools/internal/registry/registrytest"
)

// client returns a client that does not wait between attempts.
func client() *registry.Client {
	return registry.NewClient(registry.Options{
		Wait: func(ctx context.Context, _ time.Duration) error { return ctx.Err() },
	})
}

// repository returns a repository of the server.
func repository(server *registrytest.Registry, name string) reference.Reference {
	return reference.Reference{Registry: server.Host, Repository: name}
}

// pushOne pushes one image to team/app and gives it the tags.
func pushOne(
	t *testing.T, server *registrytest.Registry, src content.Source, root oci.Descriptor, o Options, tags ...string,
) error {
	t.Helper()
	task := Task{To: repository(server, "team/app"), Root: root, Source: src, Tags: tags}
	return Images(t.Context(), client(), []Task{task}, o)
}

// counter is a source that counts how often each blob is read.
type counter struct {
	content.Source
	mu    sync.Mutex
	reads map[digest.Digest]int
}

func (c *counter) Open(ctx context.Context, d oci.Descriptor) (io.ReadCloser, error) {
	c.mu.Lock()
	c.reads[d.Digest]++
	c.mu.Unlock()
	return c.Source.Open(ctx, d)
}

// twoImages returns an index of two images that share a layer.
func twoImages(t *testing.T) (imagetest.Store, oci.Descriptor) {
	t.Helper()
	store := imagetest.Store{}
	return store, store.AddIndex(t,
		store.AddImage(t, "linux/amd64", oci.Gzip, "shared", "amd64"),
		store.AddImage(t, "linux/arm64", oci.Zstd, "arm64"))
}

// methods counts the requests by "METHOD kind".
func methods(requests []registrytest.Request) map[string]int {
	count := make(map[string]int)
	for _, r := range requests {
		kind := "blob"
		if strings.Contains(r.Path, "/manifests/") {
			kind = "manifest"
		}
		count[r.Method+" "+kind]++
	}
	return count
}

func TestImage(t *testing.T) {
	server := registrytest.New(t)
	store, index := twoImages(t)
	src := &counter{Source: store, reads: make(map[digest.Digest]int)}
	var events []string
	tags := []string{"v1", "latest"}
	o := Options{Progress: func(e Event) {
		events = append(events, fmt.Sprintf("%s %s", e.Tag, e.Outcome))
	}}
	if err := pushOne(t, server, src, index, o, tags...); err != nil {
		t.Fatal(err)
	}
	var all []digest.Digest
	for d := range store {
		all = append(all, d)
		if src.reads[d] != 1 {
			t.Errorf("%s is read %d times, want 1", d, src.reads[d])
		}
	}
	slices.Sort(all)
	if got := server.Digests("team/app"); !reflect.DeepEqual(got, all) {
		t.Errorf("the registry has %q\nwant %q", got, all)
	}
	wantTags := map[string]digest.Digest{"v1": index.Digest, "latest": index.Digest}
	if got := server.Tags("team/app"); !reflect.DeepEqual(got, wantTags) {
		t.Errorf("tags %q", got)
	}
	// 3 layers, 2 configs, 2 manifests, 2 tags.
	want := append(slices.Repeat([]string{" pushed"}, 7), "v1 pushed", "latest pushed")
	if !reflect.DeepEqual(events, want) {
		t.Errorf("events %q", events)
	}
	requests := server.Requests()
	wantRequests := map[string]int{
		"HEAD manifest": 2 + 1 + 2, "HEAD blob": 5, "POST blob": 5, "PUT blob": 5, "PUT manifest": 2 + 2,
	}
	if got := methods(requests); !reflect.DeepEqual(got, wantRequests) {
		t.Errorf("requests %v, want %v", got, wantRequests)
	}
	for i, r := range requests[len(requests)-2:] {
		if want := "PUT /v2/team/app/manifests/" + tags[i]; r.String() != want {
			t.Errorf("the request before the end is %q, want %q", r, want)
		}
	}
}

// TestUnchanged pushes what is there, to the same and to further tags.
func TestUnchanged(t *testing.T) {
	server := registrytest.New(t)
	store, index := twoImages(t)
	tests := []struct {
		tags     []string
		src      content.Source
		requests map[string]int
	}{
		{[]string{"v1"}, store, nil},
		{[]string{"v1"}, imagetest.Store{}, map[string]int{"HEAD manifest": 1}}, // Not even a source is needed.
		{nil, imagetest.Store{}, map[string]int{"HEAD manifest": 1}},
		{[]string{"v1", "v2"}, store, map[string]int{"HEAD manifest": 2, "PUT manifest": 1}},
		{[]string{"v3"}, store, map[string]int{"HEAD manifest": 2, "PUT manifest": 1}},
	}
	for _, test := range tests {
		if err := pushOne(t, server, test.src, index, Options{}, test.tags...); err != nil {
			t.Fatal(err)
		}
		if got := methods(server.Requests()); test.requests != nil && !reflect.DeepEqual(got, test.requests) {
			t.Errorf("tags %q: requests %v, want %v", test.tags, got, test.requests)
		}
	}
	want := map[string]digest.Digest{"v1": index.Digest, "v2": index.Digest, "v3": index.Digest}
	if got := server.Tags("team/app"); !reflect.DeepEqual(got, want) {
		t.Errorf("tags %q, want %q", got, want)
	}
}

// TestChanged pushes an index of which one image is there, and a tag that named something else.
func TestChanged(t *testing.T) {
	server := registrytest.New(t)
	store := imagetest.Store{}
	old := store.AddImage(t, "linux/amd64", oci.Gzip, "shared", "old")
	index := store.AddIndex(t, old, store.AddImage(t, "linux/arm64", oci.Gzip, "shared", "new"))
	if err := pushOne(t, server, store, old, Options{}, "v1"); err != nil {
		t.Fatal(err)
	}
	server.Requests()
	var outcomes []Outcome
	o := Options{Jobs: 1, Progress: func(e Event) { outcomes = append(outcomes, e.Outcome) }}
	if err := pushOne(t, server, store, index, o, "v1"); err != nil {
		t.Fatal(err)
	}
	want := map[string]int{
		"HEAD manifest": 4, // tag, index, two images
		"HEAD blob":     3, "POST blob": 2, "PUT blob": 2, "PUT manifest": 2,
	}
	if got := methods(server.Requests()); !reflect.DeepEqual(got, want) {
		t.Errorf("requests %v, want %v", got, want)
	}
	slices.Sort(outcomes)
	if want := []Outcome{Present, Present, Pushed, Pushed, Pushed, Pushed}; !reflect.DeepEqual(outcomes, want) {
		t.Errorf("outcomes %q, want %q", outcomes, want)
	}
	if got := server.Tags("team/app")["v1"]; got != index.Digest {
		t.Errorf("the tag names %s", got)
	}
}

func TestByDigest(t *testing.T) {
	server := registrytest.New(t)
	store, index := twoImages(t)
	if err := pushOne(t, server, store, index, Options{Jobs: 1}); err != nil {
		t.Fatal(err)
	}
	if got := server.Digests("team/app"); len(got) != len(store) || len(server.Tags("team/app")) > 0 {
		t.Errorf("%d objects and the tags %q, want %d and none", len(got), server.Tags("team/app"), len(store))
	}
}

func TestDryRun(t *testing.T) {
	server := registrytest.New(t)
	store, index := twoImages(t)
	var missing int
	o := Options{DryRun: true, Progress: func(e Event) {
		if e.Outcome == Missing {
			missing++
		}
	}}
	if err := pushOne(t, server, store, index, o, "v1"); err != nil {
		t.Fatal(err)
	}
	want := map[string]int{"HEAD manifest": 4, "HEAD blob": 5}
	if got := methods(server.Requests()); !reflect.DeepEqual(got, want) || missing != len(store)+1 {
		t.Errorf("requests %v, %d objects missing; want %v, %d", got, missing, want, len(store)+1)
	}
}

// TestForeignLayer checks that a layer of a base that may not be distributed, and that nobody has, is no obstacle.
func TestForeignLayer(t *testing.T) {
	server := registrytest.New(t)
	store := imagetest.Store{}
	foreign := oci.Descriptor{
		MediaType: oci.DockerMediaTypeForeignLayer, Digest: digest.FromBytes([]byte("elsewhere")), Size: 9,
		URLs: []string{"https://layers.test/base"},
	}
	image := store.AddJSON(t, oci.MediaTypeManifest, oci.Manifest{
		Versioned: oci.SchemaVersion, MediaType: oci.MediaTypeManifest,
		Config: store.Add(oci.MediaTypeConfig, []byte(`{}`)), Layers: []oci.Descriptor{
			foreign, store.Add(oci.MediaTypeLayerGzip, []byte("own")),
		},
	})
	var outcomes []Outcome
	o := Options{Jobs: 1, Progress: func(e Event) { outcomes = append(outcomes, e.Outcome) }}
	err := pushOne(t, server, store, image, o, "v1")
	if want := []Outcome{Foreign, Pushed, Pushed, Pushed}; err != nil || !reflect.DeepEqual(outcomes, want) {
		t.Errorf("outcomes %q, %v, want %q", outcomes, err, want)
	}
	if got := server.Digests("team/app"); server.Tags("team/app")["v1"] != image.Digest || slices.Contains(got, foreign.Digest) {
		t.Errorf("the registry has %s, tags %v", got, server.Tags("team/app"))
	}
}

// TestBreaksOff checks that a push that fails gives no tag, and that the next one completes it.
func TestBreaksOff(t *testing.T) {
	tests := []struct{ pattern, want string }{
		{"HEAD .*/manifests/v1", "manifest v1: 403 Forbidden"},
		{"HEAD .*/manifests/sha256", ": 403 Forbidden"},
		{"HEAD .*/blobs/", ": 403 Forbidden"},
		{"POST", ": 403 DENIED: no"},
		{"PUT .*/blobs/", ": 403 DENIED: no"},
		{"PUT .*/manifests/sha256", ": 403 DENIED: no"},
		{"PUT .*/manifests/v1", ": manifest v1: 403 DENIED: no"},
	}
	for _, test := range tests {
		server := registrytest.New(t)
		store, index := twoImages(t)
		tags := []string{"v1", "v2"}
		server.Inject(test.pattern, 1, registrytest.Refuse(403, "DENIED", "no"))
		err := pushOne(t, server, store, index, Options{}, tags...)
		if err == nil || !strings.HasSuffix(err.Error(), test.want) {
			t.Errorf("%s: %v, want %s", test.pattern, err, test.want)
		}
		if got := server.Tags("team/app"); len(got) > 0 {
			t.Errorf("%s: tags %q", test.pattern, got)
		}
		err = pushOne(t, server, store, index, Options{}, tags...)
		if err != nil || len(server.Digests("team/app")) != len(store) {
			t.Errorf("%s: the next push: %v, %d objects", test.pattern, err, len(server.Digests("team/app")))
		}
	}
}

func TestBrokenImage(t *testing.T) {
	server := registrytest.New(t)
	for name, breakIt := range map[string]func(imagetest.Store, oci.Descriptor){
		"index": func(s imagetest.Store, index oci.Descriptor) { s[index.Digest] = []byte("{}") },
		"blob": func(s imagetest.Store, index oci.Descriptor) {
			for d := range s {
				if d != index.Digest {
					delete(s, d)
				}
			}
		},
	} {
		store, index := twoImages(t)
		breakIt(store, index)
		if err := pushOne(t, server, store, index, Options{}, "v1"); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
	deep := imagetest.Store{}
	index := deep.AddIndex(t)
	for range 9 {
		index = deep.AddIndex(t, index)
	}
	err := pushOne(t, server, deep, index, Options{}, "v1")
	if err == nil || !strings.HasSuffix(err.Error(), "indexes nest more than 8 deep") {
		t.Errorf("deep index: %v", err)
	}
	if got := server.Tags("team/app"); len(got) > 0 {
		t.Errorf("tags %q", got)
	}
}

func TestForEach(t *testing.T) {
	items := []int{1, 2, 3, 4, 5, 6, 7, 8}
	var sum, now, most atomic.Int64
	err := forEach(t.Context(), 3, items, func(_ context.Context, n int) error {
		most.Store(max(most.Load(), now.Add(1)))
		defer now.Add(-1)
		time.Sleep(time.Millisecond)
		sum.Add(int64(n))
		return nil
	})
	if err != nil || sum.Load() != 36 || most.Load() > 3 {
		t.Errorf("sum %d, %d at once, %v", sum.Load(), most.Load(), err)
	}
	failure := errors.New("five")
	var after atomic.Int64
	err = forEach(t.Context(), 1, items, func(ctx context.Context, n int) error {
		if n == 5 {
			return failure
		}
		if n > 5 {
			after.Add(1)
			return ctx.Err()
		}
		return nil
	})
	if err != failure || after.Load() > 1 {
		t.Errorf("error %v, %d items after it", err, after.Load())
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	err = forEach(ctx, 1, items, func(ctx context.Context, _ int) error { return ctx.Err() })
	if !errors.Is(err, context.Canceled) {
		t.Errorf("canceled: %v", err)
	}
	if err := forEach(t.Context(), 4, nil, func(context.Context, int) error { return failure }); err != nil {
		t.Errorf("no items: %v", err)
	}
}
