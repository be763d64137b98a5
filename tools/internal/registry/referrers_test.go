package registry

import (
	"context"
	"net/http"
	"reflect"
	"testing"
	"time"

	"github.com/rules-strata/rules_strata/tools/internal/image/imagetest"
	"github.com/rules-strata/rules_strata/tools/internal/oci"
	"github.com/rules-strata/rules_strata/tools/internal/oci/digest"
	"github.com/rules-strata/rules_strata/tools/internal/registry/registrytest"
)

var subjectOfTests = digest.FromBytes([]byte("subject"))

// putReferrer stores an artifact without contents that refers to subjectOfTests. It returns the descriptor and the subject
// that the registry has noted.
func putReferrer(t *testing.T, r *Repository, kind string) (oci.Descriptor, digest.Digest) {
	t.Helper()
	store := imagetest.Store{}
	empty := store.Add(oci.MediaTypeEmpty, []byte("{}"))
	if _, err := r.PutBlob(t.Context(), store, empty); err != nil {
		t.Fatal(err)
	}
	d := store.AddJSON(t, oci.MediaTypeManifest, oci.Manifest{
		Versioned: oci.SchemaVersion, MediaType: oci.MediaTypeManifest, ArtifactType: kind, Config: empty,
		Layers:  []oci.Descriptor{empty},
		Subject: &oci.Descriptor{MediaType: oci.MediaTypeManifest, Digest: subjectOfTests, Size: 7},
	})
	noted, err := r.PutManifest(t.Context(), d, store[d.Digest], d.Digest.String())
	if err != nil {
		t.Fatal(err)
	}
	d.ArtifactType = kind
	return d, noted
}

// listed returns the index of the tag for the referrers of subjectOfTests.
func listed(t *testing.T, r *Repository) []oci.Descriptor {
	t.Helper()
	_, data, err := r.Fetch(t.Context(), ReferrersTag(subjectOfTests))
	if err != nil {
		t.Fatal(err)
	}
	var index oci.Index
	if err := oci.UnmarshalDistinct(data, &index); err != nil {
		t.Fatal(err)
	}
	return index.Manifests
}

func TestListsReferrer(t *testing.T) {
	for _, test := range []struct {
		referrers registrytest.Referrers
		noted     digest.Digest
		lists     bool
	}{
		{registrytest.Referrers{}, "", false},
		{registrytest.Referrers{API: true}, "", true},
		{registrytest.Referrers{API: true, Header: true}, subjectOfTests, true},
	} {
		server := registrytest.New(t)
		server.Referrers = test.referrers
		r, _ := repository(t, server.Host, Options{})
		d, noted := putReferrer(t, r, "a/b")
		if noted != test.noted {
			t.Errorf("%+v: noted %q, want %q", test.referrers, noted, test.noted)
		}
		lists, err := r.ListsReferrer(t.Context(), subjectOfTests, d.Digest)
		if err != nil || lists != test.lists {
			t.Errorf("%+v: %t, %v, want %t", test.referrers, lists, err, test.lists)
		}
		if lists, err := r.ListsReferrer(t.Context(), d.Digest, d.Digest); lists || err != nil {
			t.Errorf("%+v: of another manifest: %t, %v", test.referrers, lists, err)
		}
	}
	server := registrytest.New(t)
	r, _ := repository(t, server.Host, Options{})
	server.Inject("GET .*/referrers/", 1, func(w http.ResponseWriter, _ *http.Request) bool {
		w.Write([]byte("<html>"))
		return true
	})
	if lists, err := r.ListsReferrer(t.Context(), subjectOfTests, subjectOfTests); lists || err != nil {
		t.Errorf("a page that is not an index: %t, %v", lists, err)
	}
	server.Inject("GET .*/referrers/", 1, registrytest.Refuse(403, "DENIED", "no"))
	_, err := r.ListsReferrer(t.Context(), subjectOfTests, subjectOfTests)
	wantError(t, "refusal", err, server.Host+"/team/app: referrers of "+subjectOfTests.String()+": 403 DENIED: no")
}

// TestReferrers reads a list from the registry, in pages, and from the tag.
func TestReferrers(t *testing.T) {
	server := registrytest.New(t)
	r, _ := repository(t, server.Host, Options{})
	if all, err := r.Referrers(t.Context(), subjectOfTests); len(all) > 0 || err != nil {
		t.Errorf("without any: %+v, %v", all, err)
	}
	first, _ := putReferrer(t, r, "a/b")
	second, _ := putReferrer(t, r, "c/d")
	if _, err := r.AddReferrer(t.Context(), subjectOfTests, second); err != nil {
		t.Fatal(err)
	}
	if all, err := r.Referrers(t.Context(), subjectOfTests); err != nil || !reflect.DeepEqual(all, []oci.Descriptor{second}) {
		t.Errorf("from the tag: %+v, %v", all, err)
	}
	answer := func(link string, listed ...oci.Descriptor) registrytest.Fault {
		return func(w http.ResponseWriter, _ *http.Request) bool {
			store := imagetest.Store{}
			w.Header().Set("Link", link)
			w.Write(store[store.AddIndex(t, listed...).Digest])
			return true
		}
	}
	server.Inject("GET .*/referrers/[^?]*$", 1, answer(`<?last=1>; rel="next"`, first))
	server.Inject("GET .*/referrers/.*last=1$", 1, answer(`<https://elsewhere.example.com/>; rel="next"`, second))
	all, err := r.Referrers(t.Context(), subjectOfTests)
	if err != nil || !reflect.DeepEqual(all, []oci.Descriptor{first, second}) {
		t.Errorf("in pages: %+v, %v", all, err)
	}
	server.Inject("GET .*/referrers/", maxPages, answer(`<?more>; rel="next"`))
	_, err = r.Referrers(t.Context(), subjectOfTests)
	wantError(t, "endless pages", err, server.Host+"/team/app: referrers of "+subjectOfTests.String()+": more than 100 pages")
}

func TestAddReferrer(t *testing.T) {
	server := registrytest.New(t)
	r, _ := repository(t, server.Host, Options{})
	first, _ := putReferrer(t, r, "a/b")
	second, _ := putReferrer(t, r, "c/d")
	for i, test := range []struct {
		d     oci.Descriptor
		added bool
		want  []oci.Descriptor
	}{
		{first, true, []oci.Descriptor{first}},
		{first, false, []oci.Descriptor{first}},
		{second, true, []oci.Descriptor{first, second}},
		{first, false, []oci.Descriptor{first, second}},
	} {
		added, err := r.AddReferrer(t.Context(), subjectOfTests, test.d)
		if err != nil || added != test.added {
			t.Errorf("%d: %t, %v, want %t", i, added, err, test.added)
		}
		if got := listed(t, r); !reflect.DeepEqual(got, test.want) {
			t.Errorf("%d: the index lists %+v, want %+v", i, got, test.want)
		}
	}
}

// TestAddReferrerAgainstOthers lets another client overwrite the index while AddReferrer waits, as one does that had read it
// before.
func TestAddReferrerAgainstOthers(t *testing.T) {
	for _, test := range []struct {
		times int
		want  string
	}{{1, ""}, {maxRewrites - 1, ""}, {maxRewrites, "try again"}} {
		server := registrytest.New(t)
		left := test.times
		var other, own oci.Descriptor
		overwrite := func(context.Context, time.Duration) error {
			if left--; left >= 0 {
				store := imagetest.Store{}
				index := store.AddIndex(t, other)
				server.AddManifest("team/app", ReferrersTag(subjectOfTests), oci.MediaTypeIndex, store[index.Digest])
			}
			return nil
		}
		r, _ := repository(t, server.Host, Options{})
		r.client.wait = overwrite
		other, _ = putReferrer(t, r, "other/x")
		own, _ = putReferrer(t, r, "own/x")
		added, err := r.AddReferrer(t.Context(), subjectOfTests, own)
		if test.want != "" {
			if want := server.Host + "/team/app: tag " + ReferrersTag(subjectOfTests) + ": other clients have removed " +
				own.Digest.String() + " 5 times; try again"; err == nil || err.Error() != want {
				t.Errorf("error %v, want %s", err, want)
			}
			continue
		}
		if got := listed(t, r); err != nil || !added || !reflect.DeepEqual(got, []oci.Descriptor{other, own}) {
			t.Errorf("after %d: %t, %v, the index lists %+v", test.times, added, err, got)
		}
	}
}

func TestAddReferrerRefuses(t *testing.T) {
	server := registrytest.New(t)
	r, _ := repository(t, server.Host, Options{})
	d, _ := putReferrer(t, r, "a/b")
	tag := ReferrersTag(subjectOfTests)
	for _, test := range []struct{ mediaType, data, want string }{
		{oci.MediaTypeManifest, `{"schemaVersion":2}`, `media type "` + oci.MediaTypeManifest + `", expected the index of referrers`},
		{oci.MediaTypeIndex, `{"manifests":[],"Manifests":[]}`, `key "Manifests" occurs twice, parsers would disagree about it`},
	} {
		before := server.AddManifest("team/app", tag, test.mediaType, []byte(test.data))
		_, err := r.AddReferrer(t.Context(), subjectOfTests, d)
		wantError(t, test.data, err, server.Host+"/team/app: tag "+tag+": "+test.want)
		if got := server.Tags("team/app")[tag]; got != before {
			t.Errorf("%s: the tag now names %s", test.data, got)
		}
	}
}
