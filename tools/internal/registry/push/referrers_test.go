package push

import (
	"fmt"
	"net/http"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/rules-strata/rules_strata/tools/internal/image/imagetest"
	"github.com/rules-strata/rules_strata/tools/internal/oci"
	"github.com/rules-strata/rules_strata/tools/internal/oci/digest"
	"github.com/rules-strata/rules_strata/tools/internal/registry"
	"github.com/rules-strata/rules_strata/tools/internal/registry/auth"
	"github.com/rules-strata/rules_strata/tools/internal/registry/registrytest"
)

// addArtifact adds an artifact with one file that refers to the subject, or to nothing if it is empty.
func addArtifact(t *testing.T, store imagetest.Store, kind string, subject oci.Descriptor) oci.Descriptor {
	t.Helper()
	manifest := oci.Manifest{
		Versioned: oci.SchemaVersion, MediaType: oci.MediaTypeManifest, ArtifactType: kind,
		Config:      store.Add(oci.MediaTypeEmpty, []byte("{}")),
		Layers:      []oci.Descriptor{store.Add("text/plain", []byte(kind))},
		Annotations: map[string]string{"kind": kind},
	}
	if subject.Digest != "" {
		manifest.Subject = &oci.Descriptor{MediaType: subject.MediaType, Digest: subject.Digest, Size: subject.Size}
	}
	d := store.AddJSON(t, oci.MediaTypeManifest, manifest)
	d.ArtifactType = kind
	return d
}

// fallback returns the digests in the index that the tag for the referrers of the subject names, or nil without one.
func fallback(t *testing.T, server *registrytest.Registry, subject digest.Digest) []digest.Digest {
	t.Helper()
	repository, err := client().Repository(t.Context(), repository(server, "team/app"), auth.Pull)
	if err != nil {
		t.Fatal(err)
	}
	tag := registry.ReferrersTag(subject)
	if server.Tags("team/app")[tag] == "" {
		return nil
	}
	_, data, err := repository.Fetch(t.Context(), tag)
	if err != nil {
		t.Fatal(err)
	}
	var index oci.Index
	if err := oci.Unmarshal(data, &index); err != nil {
		t.Fatal(err)
	}
	var all []digest.Digest
	for _, m := range index.Manifests {
		if m.ArtifactType == "" || m.Annotations["kind"] != m.ArtifactType {
			t.Errorf("an entry of %s: %+v", tag, m)
		}
		all = append(all, m.Digest)
	}
	return all
}

// TestReferrers pushes an index with referrers of itself, of one of its images, and of a referrer, to registries of all
// kinds. A second push changes nothing.
func TestReferrers(t *testing.T) {
	for _, kind := range []registrytest.Referrers{
		{}, {API: true}, {API: true, Header: true}, {API: true, Header: true, UnknownSubject: 404}, {UnknownSubject: 400},
	} {
		server := registrytest.New(t)
		server.Referrers = kind
		store, index := twoImages(t)
		var root oci.Index
		if err := oci.Unmarshal(store[index.Digest], &root); err != nil {
			t.Fatal(err)
		}
		sbom := addArtifact(t, store, "example/sbom", index)
		vex := addArtifact(t, store, "example/vex", index)
		child := addArtifact(t, store, "example/sbom", root.Manifests[1])
		signature := addArtifact(t, store, "example/signature", sbom)
		task := Task{
			To: repository(server, "team/app"), Root: index, Source: store, Tags: []string{"v1"},
			Referrers: []oci.Descriptor{sbom, vex, child, signature},
		}
		if err := Images(t.Context(), client(), []Task{task}, Options{}); err != nil {
			t.Fatalf("%+v: %v", kind, err)
		}
		var puts []string
		for _, r := range server.Requests() {
			if version, found := strings.CutPrefix(r.String(), "PUT /v2/team/app/manifests/"); found {
				puts = append(puts, version)
			}
		}
		order := func(version string) int { return slices.Index(puts, version) }
		if last := len(puts) - 1; puts[last] != "v1" || order(index.Digest.String()) > order(sbom.Digest.String()) ||
			order(sbom.Digest.String()) > order(signature.Digest.String()) {
			t.Errorf("%+v: order %q", kind, puts)
		}
		for subject, want := range map[digest.Digest][]digest.Digest{
			index.Digest: {sbom.Digest, vex.Digest}, root.Manifests[1].Digest: {child.Digest}, sbom.Digest: {signature.Digest},
		} {
			if kind.Header {
				want = nil
			}
			if got := fallback(t, server, subject); !reflect.DeepEqual(got, want) {
				t.Errorf("%+v: the tag for %s lists %q, want %q", kind, subject, got, want)
			}
		}
		server.Requests()
		if err := Images(t.Context(), client(), []Task{task}, Options{}); err != nil {
			t.Fatal(err)
		}
		for _, r := range server.Requests() {
			if r.Method != "GET" && r.Method != "HEAD" {
				t.Errorf("%+v: the second push: %s", kind, r)
			}
		}
	}
}

// TestReferrerAlone pushes referrers as roots, at the same time and with tags.
func TestReferrerAlone(t *testing.T) {
	server := registrytest.New(t)
	store, index := twoImages(t)
	var tasks []Task
	var want []digest.Digest
	for i := range 5 {
		d := addArtifact(t, store, fmt.Sprintf("example/%d", i), index)
		want = append(want, d.Digest)
		tasks = append(tasks, Task{
			To: repository(server, "team/app"), Root: d, Source: store, Tags: []string{fmt.Sprintf("a%d", i), fmt.Sprintf("b%d", i)},
		})
	}
	var events []string
	o := Options{Jobs: 3, Progress: func(e Event) {
		if strings.HasPrefix(e.Tag, "sha256-") {
			events = append(events, e.String())
		}
	}}
	if err := Images(t.Context(), client(), tasks, o); err != nil {
		t.Fatal(err)
	}
	got := fallback(t, server, index.Digest)
	slices.Sort(got)
	slices.Sort(want)
	if !reflect.DeepEqual(got, want) {
		t.Errorf("the tag lists %q, want %q", got, want)
	}
	line := "tag " + server.Host + "/team/app:" + registry.ReferrersTag(index.Digest) + ": pushed"
	if !reflect.DeepEqual(events, slices.Repeat([]string{line}, 5)) {
		t.Errorf("events %q", events)
	}
}

// TestInterruptedList fails between the artifact and the list; the next push completes the list.
func TestInterruptedList(t *testing.T) {
	server := registrytest.New(t)
	store, index := twoImages(t)
	sbom := addArtifact(t, store, "example/sbom", index)
	server.Inject("PUT .*/manifests/sha256-", 1, registrytest.Refuse(403, "DENIED", "no"))
	if err := pushOne(t, server, store, sbom, Options{}); err == nil {
		t.Fatal("no error")
	}
	if got := fallback(t, server, index.Digest); got != nil {
		t.Errorf("the tag lists %q", got)
	}
	for range 2 {
		if err := pushOne(t, server, store, sbom, Options{}); err != nil {
			t.Fatal(err)
		}
		if got := fallback(t, server, index.Digest); !reflect.DeepEqual(got, []digest.Digest{sbom.Digest}) {
			t.Errorf("the tag lists %q", got)
		}
	}
}

func TestReferrersDryRun(t *testing.T) {
	server := registrytest.New(t)
	store, index := twoImages(t)
	task := Task{
		To: repository(server, "team/app"), Root: index, Source: store,
		Referrers: []oci.Descriptor{addArtifact(t, store, "example/sbom", index)},
	}
	if err := Images(t.Context(), client(), []Task{task}, Options{DryRun: true}); err != nil {
		t.Fatal(err)
	}
	if got := server.Digests("team/app"); len(got) > 0 {
		t.Errorf("the registry has %q", got)
	}
}

func TestReferrersRefused(t *testing.T) {
	server := registrytest.New(t)
	store, index := twoImages(t)
	other := store.AddImage(t, "linux/amd64", oci.Gzip, "other")
	foreign := addArtifact(t, store, "example/sbom", other)
	none := addArtifact(t, store, "example/sbom", oci.Descriptor{})
	for want, d := range map[string]oci.Descriptor{
		fmt.Sprintf("referrer %s: its subject %s is neither %s, nor an image in it, nor a referrer before it",
			foreign.Digest, other.Digest, index.Digest): foreign,
		fmt.Sprintf("referrer %s: it has no subject", none.Digest): none,
	} {
		task := Task{To: repository(server, "team/app"), Root: index, Source: store, Referrers: []oci.Descriptor{d}}
		err := Images(t.Context(), client(), []Task{task}, Options{})
		if err == nil || err.Error() != want {
			t.Errorf("error %v, want %s", err, want)
		}
	}
	if got := server.Digests("team/app"); len(got) > 0 {
		t.Errorf("the registry has %q", got)
	}
}

// together returns a fault that answers n requests only when all of them have been served.
func together(server *registrytest.Registry, n int) registrytest.Fault {
	var served sync.WaitGroup
	served.Add(n)
	return func(w http.ResponseWriter, r *http.Request) bool {
		server.Serve(w, r)
		served.Done()
		served.Wait()
		return true
	}
}

// TestTwoWriters lets two clients, which share nothing, read and write the list of referrers at the same time. The one whose
// entry is lost adds it again.
func TestTwoWriters(t *testing.T) {
	server := registrytest.New(t)
	store, index := twoImages(t)
	if err := pushOne(t, server, store, index, Options{}); err != nil {
		t.Fatal(err)
	}
	server.Inject("GET .*/manifests/sha256-", 2, together(server, 2))
	server.Inject("PUT .*/manifests/sha256-", 2, together(server, 2))
	var want []digest.Digest
	failures := make(chan error)
	for _, kind := range []string{"example/a", "example/b"} {
		own := imagetest.Store{}
		d := addArtifact(t, own, kind, index)
		want = append(want, d.Digest)
		task := Task{To: repository(server, "team/app"), Root: d, Source: own}
		go func() { failures <- Images(t.Context(), client(), []Task{task}, Options{}) }()
	}
	server.Requests()
	for range want {
		if err := <-failures; err != nil {
			t.Error(err)
		}
	}
	writes := methods(slices.DeleteFunc(server.Requests(), func(r registrytest.Request) bool {
		return !strings.Contains(r.Path, "/manifests/sha256-")
	}))["PUT manifest"]
	if writes != 3 {
		t.Errorf("the list was written %d times, want 3", writes)
	}
	got := fallback(t, server, index.Digest)
	slices.Sort(got)
	slices.Sort(want)
	if !reflect.DeepEqual(got, want) {
		t.Errorf("the tag lists %q, want %q", got, want)
	}
}
