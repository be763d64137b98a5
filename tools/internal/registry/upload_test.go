package registry

import (
	"errors"
	"io"
	"net/http"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/rules-strata/rules_strata/tools/internal/image/imagetest"
	"github.com/rules-strata/rules_strata/tools/internal/oci"
	"github.com/rules-strata/rules_strata/tools/internal/oci/content"
	"github.com/rules-strata/rules_strata/tools/internal/oci/digest"
	"github.com/rules-strata/rules_strata/tools/internal/registry/registrytest"
)

// bigBlob returns a blob of n bytes that do not repeat, in memory and as a file.
func bigBlob(t *testing.T, n int) (map[string]content.Source, oci.Descriptor) {
	t.Helper()
	data := make([]byte, n)
	for i := range data {
		data[i] = byte(i ^ i>>8 ^ i>>16)
	}
	store, files := imagetest.Store{}, new(content.Files)
	d := store.Add("text/plain", data)
	path := filepath.Join(t.TempDir(), "blob")
	imagetest.WriteFile(t, path, data)
	files.Add(d.Digest, path)
	return map[string]content.Source{"memory": store, "file": files}, d
}

// TestResume breaks uploads of a large blob in many ways: bytes that the registry has are not sent again.
func TestResume(t *testing.T) {
	const (
		size                   = 6 << 20
		post, put1, put2, get1 = "POST uploads/", "PUT uploads/1", "PUT uploads/2", "GET uploads/1"
		head, patch2           = "HEAD blob", "PATCH uploads/2"
	)
	tests := []struct {
		name     string
		inject   func(s *registrytest.Registry)
		requests []string
		received int64 // bytes of the blob that the registry read
		waits    int
		want     string // the error's end; empty: none
	}{
		{"half-way", func(s *registrytest.Registry) { s.Inject("PUT", 1, s.Break(3<<20)) },
			[]string{post, put1, get1, put1}, size, 1, ""},
		{"before the last byte", func(s *registrytest.Registry) { s.Inject("PUT", 1, s.Break(size-1)) },
			[]string{post, put1, get1, put1}, size, 1, ""},
		{"after the last byte", func(s *registrytest.Registry) { s.Inject("PUT", 1, s.Break(size)) },
			[]string{post, put1, get1, put1}, size, 1, ""},
		{"the answer is lost", func(s *registrytest.Registry) { s.Inject("PUT", 1, s.Lose()) },
			[]string{post, put1, get1, head}, size, 1, ""},
		{"again and again, but moving", func(s *registrytest.Registry) { s.Inject("PUT", 5, s.Break(1<<20)) },
			[]string{post, put1, get1, put1, get1, put1, get1, put1, get1, put1, get1, put1}, size, 5, ""},
		{"again and again", func(s *registrytest.Registry) { s.Inject("PUT", 9, s.Break(1<<10)) },
			[]string{post, put1, get1, put1, get1, put1, get1, put1, get1, put1}, 5 << 10, 4, "(5 attempts)"},
		{"no status", func(s *registrytest.Registry) {
			s.Inject("PUT", 1, s.Break(3<<20))
			s.Inject("GET", 1, registrytest.Refuse(405, "UNSUPPORTED", "no"))
		}, []string{post, put1, get1, head, post, put2}, 9 << 20, 1, ""},
		{"invalid range", func(s *registrytest.Registry) {
			s.Inject("PUT", 1, s.Break(3<<20))
			s.Inject("GET", 1, s.Lie("Range", "0-99999999999"))
		}, []string{post, put1, get1, head, post, put2}, 9 << 20, 1, ""},
		{"busy at the status request", func(s *registrytest.Registry) {
			s.Inject("PUT", 1, s.Break(3<<20))
			s.Inject("GET", 1, registrytest.Refuse(503, "UNAVAILABLE", "later"))
		}, []string{post, put1, get1, get1, put1}, size, 2, ""},
		{"does not resume", func(s *registrytest.Registry) {
			s.Inject("PUT", 1, s.Break(3<<20))
			s.Inject("PUT", 1, registrytest.Refuse(400, "BLOB_UPLOAD_INVALID", "not again"))
		}, []string{post, put1, get1, put1, post, put2}, 9 << 20, 1, ""},
		{"wrong place", func(s *registrytest.Registry) {
			s.Inject("PUT", 1, s.Break(3<<20))
			s.Inject("GET", 1, s.Lie("Range", "0-4000000"))
		}, []string{post, put1, get1, put1, get1, put1}, -1, 2, ""},
		{"too large for a proxy", func(s *registrytest.Registry) { s.Inject("P[UA]T", 99, registrytest.Limit(4<<20)) },
			[]string{post, put1, post, patch2, put2}, size, 0, ""},
		{"far too large for a proxy", func(s *registrytest.Registry) { s.Inject("P[UA]T", 9, registrytest.Limit(1<<10)) },
			[]string{post, put1, post, patch2, post, "PATCH uploads/3"}, 0, 0, "413 Request Entity Too Large"},
	}
	for _, test := range tests {
		sources, d := bigBlob(t, size)
		for from, src := range sources {
			server := registrytest.New(t)
			r, waits := repository(t, server.Host, Options{})
			test.inject(server)
			_, err := r.PutBlob(t.Context(), src, d)
			if test.want == "" && err != nil || test.want != "" && (err == nil || !strings.HasSuffix(err.Error(), test.want)) {
				t.Errorf("%s, from %s: error %v, want %q", test.name, from, err, test.want)
			}
			got := paths(server.Requests())
			for i := range got {
				got[i] = strings.NewReplacer("/v2/team/app/blobs/", "", d.Digest.String(), "blob").Replace(got[i])
			}
			if !reflect.DeepEqual(got, test.requests) || len(*waits) != test.waits {
				t.Errorf("%s, from %s: requests %q, %d waits\nwant %q, %d",
					test.name, from, got, len(*waits), test.requests, test.waits)
			}
			if n := server.Received(); test.received >= 0 && n != test.received {
				t.Errorf("%s, from %s: the registry has read %d bytes, want %d", test.name, from, n, test.received)
			}
			if stored := len(server.Digests("team/app")) == 1; stored != (test.want == "") {
				t.Errorf("%s, from %s: stored: %t", test.name, from, stored)
			}
		}
	}
}

// TestChangedFile pushes files that were changed after the build: none becomes a blob, and the error reports it.
func TestChangedFile(t *testing.T) {
	good := strings.Repeat("x", 2*expectSize)
	silent := func(w http.ResponseWriter, req *http.Request) bool { // checks nothing, states no digest
		io.Copy(io.Discard, req.Body)
		w.WriteHeader(http.StatusCreated)
		return true
	}
	for _, test := range []struct {
		name, data string
		fault      registrytest.Fault
		received   int64
		want       string
	}{
		{"shorter", good[1:], nil, 0, "content ends after 2097151 of the promised 2097152 bytes"},
		{"longer", good + "x", nil, 0, "content is longer than the promised 2097152 bytes"},
		{"other bytes", good[1:] + "y", nil, 2 * expectSize, "content has the digest "},
		{"other bytes, silent registry", good[1:] + "y", silent, 0, "content has the digest "},
		{"silent registry", good, silent, 0, ""},
	} {
		server := registrytest.New(t)
		if test.fault != nil {
			server.Inject("PUT", 1, test.fault)
		}
		r, _ := repository(t, server.Host, Options{})
		path := filepath.Join(t.TempDir(), "blob")
		imagetest.WriteFile(t, path, []byte(test.data))
		var files content.Files
		d := imagetest.Store{}.Add("text/plain", []byte(good))
		files.Add(d.Digest, path)
		_, err := r.PutBlob(t.Context(), &files, d)
		var mismatch *digest.MismatchError
		if wrong := test.want != ""; errors.As(err, &mismatch) != wrong || wrong && !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: error %v, want %q", test.name, err, test.want)
		}
		if got := server.Received(); got != test.received || len(server.Digests("team/app")) > 0 {
			t.Errorf("%s: the registry has %q and has read %d bytes", test.name, server.Digests("team/app"), got)
		}
	}
}

// TestMount pushes blobs that the registry may have in another repository.
func TestMount(t *testing.T) {
	here := "HOST/team/base"
	refused := registrytest.Refuse(403, "DENIED", "not yours")
	tests := []struct {
		name     string
		from     []string
		fault    registrytest.Fault
		requests string // of two blobs
		mounted  bool
	}{
		{"there", []string{here}, nil, "POST POST", true},
		{"there, later in the list", []string{"other.test/team/base", here}, nil, "POST POST", true},
		{"absent", []string{"HOST/team/none"}, nil, "POST PUT POST PUT", false},
		{"another registry", []string{"other.test/team/base"}, nil, "POST PUT POST PUT", false},
		{"itself", []string{"HOST/team/app"}, nil, "POST PUT POST PUT", false},
		{"not allowed", []string{here}, refused, "POST POST PUT POST PUT", false},
		{"breaks", []string{here}, registrytest.Drop(0), "POST HEAD POST PUT POST", false},
		{"breaks the registry", []string{here}, registrytest.Refuse(500, "UNKNOWN", "from?"), "POST HEAD POST PUT POST", false},
	}
	for _, test := range tests {
		server := registrytest.New(t)
		r, _ := repository(t, server.Host, Options{})
		if test.fault != nil {
			server.Inject("mount=", 1, test.fault)
		}
		for i := range test.from {
			test.from[i] = strings.Replace(test.from[i], "HOST", server.Host, 1)
		}
		store := imagetest.Store{}
		for i, data := range []string{"a", "b"} {
			d := store.Add("text/plain", []byte(data))
			server.AddBlob("team/base", []byte(data))
			from, err := r.PutBlob(t.Context(), store, d, test.from...)
			if err != nil || i == 0 && (from != "") != test.mounted || from != "" && from != server.Host+"/team/base" {
				t.Errorf("%s: mounted from %q, %v", test.name, from, err)
			}
		}
		var methods []string
		for _, request := range server.Requests() {
			methods = append(methods, request.Method)
		}
		if got := strings.Join(methods, " "); got != test.requests || len(server.Digests("team/app")) != 2 {
			t.Errorf("%s: requests %s, want %s; %d blobs", test.name, got, test.requests, len(server.Digests("team/app")))
		}
	}
}

// TestMountScope mounts with tokens: a token must cover both repositories, and none is issued for a hidden one.
func TestMountScope(t *testing.T) {
	for _, hidden := range []string{"", "team/base"} {
		tokens := registrytest.NewTokenServer(t, "user", secret)
		tokens.Hidden = hidden
		server := registrytest.NewBearer(t, tokens)
		r, _ := repository(t, server.Host, user)
		store := imagetest.Store{}
		for _, data := range []string{"a", "b"} {
			d := store.Add("text/plain", []byte(data))
			server.AddBlob("team/base", []byte(data))
			from, err := r.PutBlob(t.Context(), store, d, server.Host+"/team/base")
			if err != nil || (from != "") != (hidden == "") {
				t.Errorf("hidden %q: mounted from %q, %v", hidden, from, err)
			}
		}
		if got := server.Digests("team/app"); len(got) != 2 {
			t.Errorf("hidden %q: %d blobs", hidden, len(got))
		}
	}
}
