package registry

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/rules-strata/rules_strata/tools/internal/image/imagetest"
	"github.com/rules-strata/rules_strata/tools/internal/oci"
	"github.com/rules-strata/rules_strata/tools/internal/oci/content"
	"github.com/rules-strata/rules_strata/tools/internal/oci/digest"
	"github.com/rules-strata/rules_strata/tools/internal/oci/reference"
	"github.com/rules-strata/rules_strata/tools/internal/registry/auth"
	"github.com/rules-strata/rules_strata/tools/internal/registry/registrytest"
	"github.com/rules-strata/rules_strata/tools/internal/registry/transport"
)

// known is a Finder with one credential.
type known auth.Credential

func (k known) Find(context.Context, reference.Reference) (auth.Credential, error) {
	return auth.Credential(k), nil
}

func (known) Searched() []string { return []string{"config.json"} }

// repository returns the repository team/app of the host, through a client that does not wait but records how long it
// would.
func repository(t *testing.T, host string, o Options) (*Repository, *[]time.Duration) {
	t.Helper()
	waits := new([]time.Duration)
	o.Wait = func(_ context.Context, d time.Duration) error {
		*waits = append(*waits, d)
		return nil
	}
	ref := reference.Reference{Registry: host, Repository: "team/app"}
	r, err := NewClient(o).Repository(t.Context(), ref, auth.PullPush)
	if err != nil {
		t.Fatal(err)
	}
	return r, waits
}

// paths returns the requests without their queries and headers.
func paths(requests []registrytest.Request) []string {
	var all []string
	for _, r := range requests {
		all = append(all, r.String())
	}
	return all
}

func wantError(t *testing.T, what string, err error, want string) {
	t.Helper()
	if err == nil || err.Error() != want {
		t.Errorf("%s: error %v\nwant %s", what, err, want)
	}
}

func TestBlob(t *testing.T) {
	server := registrytest.New(t)
	r, _ := repository(t, server.Host, Options{})
	for _, data := range []string{"", "small", strings.Repeat("large", expectSize)} {
		store := imagetest.Store{}
		d := store.Add("text/plain", []byte(data))
		if has, err := r.HasBlob(t.Context(), d); has || err != nil {
			t.Errorf("HasBlob before PutBlob = %t, %v", has, err)
		}
		if _, err := r.PutBlob(t.Context(), store, d); err != nil {
			t.Fatal(err)
		}
		if has, err := r.HasBlob(t.Context(), d); !has || err != nil {
			t.Errorf("HasBlob after PutBlob = %t, %v", has, err)
		}
		got, err := content.ReadAll(t.Context(), r, d)
		if err != nil || string(got) != data {
			t.Errorf("read %d bytes, %v, want %d", len(got), err, len(data))
		}
	}
	server.Inject("HEAD", 1, func(http.ResponseWriter, *http.Request) bool { return true })
	if has, err := r.HasBlob(t.Context(), oci.Descriptor{Digest: digest.FromBytes(nil), Size: 5}); !has || err != nil {
		t.Errorf("HasBlob with an answer without headers = %t, %v", has, err)
	}
	absent := oci.Descriptor{Digest: digest.FromBytes([]byte("absent")), Size: 6}
	_, err := r.Open(t.Context(), absent)
	wantError(t, "absent blob", err, server.Host+"/team/app: blob "+absent.Digest.String()+
		": 404 BLOB_UNKNOWN: blob unknown to registry")
	if !errors.Is(err, content.ErrNotFound) {
		t.Errorf("%v is not content.ErrNotFound", err)
	}
	if _, err := r.Open(t.Context(), oci.Descriptor{Digest: "sha256:../../x"}); err == nil {
		t.Error("no error for a malformed digest")
	}
}

func TestManifest(t *testing.T) {
	server := registrytest.New(t)
	r, _ := repository(t, server.Host, Options{})
	store := imagetest.Store{}
	image := store.AddImage(t, "linux/amd64", oci.Gzip, "a")
	image.Platform = nil
	_, err := r.Resolve(t.Context(), "v1")
	wantError(t, "absent tag", err, server.Host+"/team/app: manifest v1: 404 Not Found")
	_, err = r.PutManifest(t.Context(), image, store[image.Digest], "v1")
	var refusal *Error
	if !errors.As(err, &refusal) || refusal.Code != "MANIFEST_BLOB_UNKNOWN" || refusal.Status != 400 {
		t.Errorf("PutManifest without its blobs: %v", err)
	}
	for _, d := range append(store.Manifest(t, image).Layers, store.Manifest(t, image).Config) {
		if _, err := r.PutBlob(t.Context(), store, d); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := r.PutManifest(t.Context(), image, store[image.Digest], "v1"); err != nil {
		t.Fatal(err)
	}
	for _, version := range []string{"v1", image.Digest.String()} {
		if d, err := r.Resolve(t.Context(), version); err != nil || d != image.Digest {
			t.Errorf("Resolve(%s) = %s, %v", version, d, err)
		}
		d, data, err := r.Fetch(t.Context(), version)
		if err != nil || !reflect.DeepEqual(d, image) || string(data) != string(store[image.Digest]) {
			t.Errorf("Fetch(%s) = %+v, %d bytes, %v", version, d, len(data), err)
		}
	}
	var visited []string
	err = content.Walk(t.Context(), r, image, func(d oci.Descriptor, _ []byte) error {
		visited = append(visited, d.MediaType)
		return nil
	})
	want := []string{oci.MediaTypeLayerGzip, oci.MediaTypeConfig, oci.MediaTypeManifest}
	if err != nil || !reflect.DeepEqual(visited, want) {
		t.Errorf("as a content.Source it has %q, %v, want %q", visited, err, want)
	}
}

func TestFetchFails(t *testing.T) {
	server := registrytest.New(t)
	r, _ := repository(t, server.Host, Options{})
	manifest := []byte(`{"mediaType":"` + oci.MediaTypeManifest + `"}`)
	good := server.AddManifest("team/app", "good", oci.MediaTypeManifest, manifest)
	server.AddManifest("team/app", "text", "text/plain", []byte(`{}`))
	server.AddManifest("team/app", "html", oci.MediaTypeManifest, []byte(`<html>`))
	server.AddManifest("team/app", "huge", oci.MediaTypeManifest, make([]byte, content.MaxDocument+1))
	other := digest.FromBytes([]byte("other"))
	server.Inject("GET .*/"+other.String(), 1, func(w http.ResponseWriter, req *http.Request) bool {
		req.URL.Path = "/v2/team/app/manifests/good"
		server.Serve(w, req)
		return true
	})
	server.Inject("/lie$", 1, func(w http.ResponseWriter, req *http.Request) bool {
		req.URL.Path = "/v2/team/app/manifests/good"
		return server.Lie("Docker-Content-Digest", other.String())(w, req)
	})
	tests := []struct{ version, want string }{
		{"text", `media type "text/plain" is not an image or index type`},
		{"html", "not a manifest: invalid character '<' looking for beginning of value"},
		{"huge", "longer than 8388608 bytes"},
		{other.String(), "its bytes have the digest " + good.String()},
		{"lie", `the registry reports the digest "` + other.String() + `", expected ` + good.String()},
	}
	for _, test := range tests {
		_, _, err := r.Fetch(t.Context(), test.version)
		wantError(t, test.version, err, server.Host+"/team/app: manifest "+test.version+": "+test.want)
	}
}

// TestFalseStatements checks that a registry's false statements are detected.
func TestFalseStatements(t *testing.T) {
	store := imagetest.Store{}
	d := store.Add("text/plain", []byte("blob"))
	other := digest.FromBytes([]byte("other")).String()
	does := map[string]func(*Repository) error{
		"HEAD": func(r *Repository) error { _, err := r.HasBlob(t.Context(), d); return err },
		"PUT":  func(r *Repository) error { _, err := r.PutBlob(t.Context(), store, d); return err },
		"HEAD manifest": func(r *Repository) error {
			_, err := r.Resolve(t.Context(), d.Digest.String())
			return err
		},
	}
	tests := []struct{ do, pattern, header, value, want string }{
		{"HEAD", "HEAD", "Docker-Content-Digest", other,
			`blob %: the registry reports the digest "` + other + `", expected %`},
		{"HEAD", "HEAD", "Content-Length", "5", "blob %: the registry reports 5 bytes, expected 4"},
		{"HEAD manifest", "HEAD", "Docker-Content-Digest", other,
			`manifest %: the registry reports the digest "` + other + `", expected %`},
		{"PUT", "PUT", "Docker-Content-Digest", other,
			`upload of blob %: the registry reports the digest "` + other + `", expected %`},
		{"PUT", "POST", "Location", "", "upload of blob %: the registry returned no upload Location"},
		{"PUT", "POST", "Location", "http://%zz", "upload of blob %: the registry returned an invalid upload Location"},
		{"PUT", "POST", "Location", "ftp://127.0.0.1/",
			"upload of blob %: the registry returned an upload Location without TLS, on 127.0.0.1"},
	}
	for _, test := range tests {
		server := registrytest.New(t)
		r, _ := repository(t, server.Host, Options{})
		server.AddBlob("team/app", store[d.Digest])
		server.AddManifest("team/app", "v1", "text/plain", store[d.Digest])
		server.Inject("^"+test.pattern, 1, server.Lie(test.header, test.value))
		err := does[test.do](r)
		wantError(t, test.pattern+" "+test.header, err,
			server.Host+"/team/app: "+strings.ReplaceAll(test.want, "%", d.Digest.String()))
	}
}

// TestUnexpectedAnswer checks that an unexpected status is not reported as a refusal: here, the registry reports that an
// upload is complete before it was opened.
func TestUnexpectedAnswer(t *testing.T) {
	server := registrytest.New(t)
	r, _ := repository(t, server.Host, Options{})
	server.Inject("POST", 1, registrytest.Refuse(http.StatusCreated, "", ""))
	store := imagetest.Store{}
	d := store.Add("text/plain", []byte("x"))
	_, err := r.PutBlob(t.Context(), store, d)
	wantError(t, "created", err,
		server.Host+"/team/app: upload of blob "+d.Digest.String()+": unexpected answer: 201 Created")
}

// TestWrongBytes checks that a registry that ignores digests never gets a complete body with wrong bytes.
func TestWrongBytes(t *testing.T) {
	server := registrytest.New(t)
	r, waits := repository(t, server.Host, Options{})
	server.Inject("PUT", 99, func(w http.ResponseWriter, req *http.Request) bool {
		data, err := io.ReadAll(req.Body)
		if err == nil && digest.FromBytes(data).String() != req.URL.Query().Get("digest") {
			t.Errorf("the registry got %.10q... in place of %s", data, req.URL.Query().Get("digest"))
		}
		w.WriteHeader(http.StatusCreated)
		return true
	})
	large := strings.Repeat("x", 100_000)
	for _, data := range []string{"", "sma", "smalx", "small+", large[1:], large + "x", large[1:] + "y"} {
		promised := []byte("small")
		if len(data) > 100 {
			promised = []byte(large)
		}
		store := imagetest.Store{}
		d := store.Add("text/plain", promised)
		store[d.Digest] = []byte(data)
		_, err := r.PutBlob(t.Context(), store, d)
		var mismatch *digest.MismatchError
		if !errors.As(err, &mismatch) || strings.Contains(err.Error(), "tcp") {
			t.Errorf("%d bytes in place of %d: %v, want a MismatchError", len(data), d.Size, err)
		}
	}
	_, err := r.PutBlob(t.Context(), imagetest.Store{}, oci.Descriptor{Digest: digest.FromBytes(nil), Size: 1})
	if !errors.Is(err, content.ErrNotFound) {
		t.Errorf("a missing blob: %v", err)
	}
	lost := oci.Descriptor{Digest: digest.FromBytes([]byte("x"))}
	if _, err := r.PutBlob(t.Context(), imagetest.Store{}, lost); err == nil {
		t.Error("no error for a blob of size 0 with the digest of other bytes")
	}
	if len(*waits) > 0 {
		t.Errorf("%d further attempts", len(*waits))
	}
}

func TestCancel(t *testing.T) {
	server := registrytest.New(t)
	r, waits := repository(t, server.Host, Options{})
	ctx, cancel := context.WithCancel(t.Context())
	server.Inject("HEAD", 9, func(_ http.ResponseWriter, req *http.Request) bool {
		cancel()
		<-req.Context().Done() // The client has hung up.
		panic(http.ErrAbortHandler)
	})
	_, err := r.Resolve(ctx, "v1")
	if !errors.Is(err, context.Canceled) || len(*waits) > 0 {
		t.Errorf("error %v after %d waits, want context.Canceled after 0", err, len(*waits))
	}
	ref := reference.Reference{Registry: server.Host, Repository: "a"}
	if _, err := NewClient(Options{}).Repository(ctx, ref, auth.Pull); !errors.Is(err, context.Canceled) {
		t.Errorf("Repository: error %v, want context.Canceled", err)
	}
}

// TestTLS checks which registries need TLS and a trusted certificate.
func TestTLS(t *testing.T) {
	plain, secure := registrytest.New(t), registrytest.NewTLS(t)
	tests := []struct {
		name, host string
		server     *registrytest.Registry
		insecure   bool
		want       string // the error's end; empty: none
	}{
		{"loopback, plain", plain.Host, plain, false, ""},
		{"loopback, TLS", secure.Host, secure, false, ""},
		{"localhost", strings.Replace(plain.Host, "127.0.0.1", "localhost", 1), plain, false, ""},
		{"other, plain", "registry.test", // not a loopback name
			plain, false, "http: server gave HTTP response to HTTPS client"},
		{"other, unknown certificate", "registry.test", secure, false,
			"certificate is valid for example.com, *.example.com, not registry.test"},
		{"insecure, plain", "registry.test", plain, true, ""},
		{"insecure, unknown certificate", "registry.test", secure, true, ""},
	}
	for _, test := range tests {
		r, waits := repository(t, test.host, Options{Insecure: test.insecure, Transport: to(test.server)})
		d := oci.Descriptor{Digest: test.server.AddBlob("team/app", []byte("x")), Size: 1}
		has, err := r.HasBlob(t.Context(), d)
		if test.want == "" && (!has || err != nil) {
			t.Errorf("%s: %t, %v", test.name, has, err)
		}
		if test.want != "" && (err == nil || !strings.Contains(err.Error(), test.want)) {
			t.Errorf("%s: %v, want %s", test.name, err, test.want)
		}
		if len(*waits) > 0 {
			t.Errorf("%s: %d further attempts", test.name, len(*waits))
		}
	}
}

// TestUserAgent checks that requests name the program that sends them.
func TestUserAgent(t *testing.T) {
	var agents []string
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		agents = append(agents, req.UserAgent())
		io.Copy(w, req.Body)
	}))
	defer server.Close()
	r, _ := repository(t, strings.TrimPrefix(server.URL, "http://"), Options{})
	if _, err := r.Resolve(t.Context(), "v1"); err != nil || !reflect.DeepEqual(agents, []string{transport.UserAgent}) {
		t.Errorf("agents %q, %v", agents, err)
	}
}
