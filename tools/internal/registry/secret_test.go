package registry

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/rules-strata/rules_strata/tools/internal/image/imagetest"
	"github.com/rules-strata/rules_strata/tools/internal/oci"
	"github.com/rules-strata/rules_strata/tools/internal/oci/content"
	"github.com/rules-strata/rules_strata/tools/internal/oci/reference"
	"github.com/rules-strata/rules_strata/tools/internal/registry/auth"
	"github.com/rules-strata/rules_strata/tools/internal/registry/registrytest"
	"github.com/rules-strata/rules_strata/tools/internal/registry/transport"
)

const secret = "s3cret"

// secrets are the forms in which the secret of these tests may appear.
var secrets = []string{secret, base64.StdEncoding.EncodeToString([]byte("user:" + secret)), "token-"}

var user = Options{Credentials: known{Username: "user", Password: secret}}

func leaks(text string) bool {
	return slices.ContainsFunc(secrets, func(s string) bool { return strings.Contains(text, s) })
}

func TestBasic(t *testing.T) {
	server := registrytest.NewBasic(t, "user", secret)
	store := imagetest.Store{}
	d := store.Add("text/plain", []byte("blob"))
	r, _ := repository(t, server.Host, user)
	if _, err := r.PutBlob(t.Context(), store, d); err != nil {
		t.Fatal(err)
	}
	const post, put = "POST /v2/team/app/blobs/uploads/", "PUT /v2/team/app/blobs/uploads/1"
	if got := paths(server.Requests()); !reflect.DeepEqual(got, []string{post, post, put}) {
		t.Errorf("requests %q", got)
	}
	for name, o := range map[string]Options{
		"anonymous": {}, "wrong": {Credentials: known{Username: "user", Password: "x"}},
	} {
		r, waits := repository(t, server.Host, o)
		_, err := r.PutBlob(t.Context(), store, d)
		wantError(t, name, err, server.Host+"/team/app: upload of blob "+d.Digest.String()+
			": 401 UNAUTHORIZED: authentication required")
		var refusal *Error
		if !errors.As(err, &refusal) || refusal.Anonymous != (name == "anonymous") || len(*waits) > 0 {
			t.Errorf("%s: %+v, %d waits", name, refusal, len(*waits))
		}
	}
}

func TestBearer(t *testing.T) {
	tokens := registrytest.NewTokenServer(t, "user", secret)
	server := registrytest.NewBearer(t, tokens)
	store := imagetest.Store{}
	blobs := []oci.Descriptor{store.Add("text/plain", []byte("one")), store.Add("text/plain", []byte("two"))}
	r, waits := repository(t, server.Host, user)
	tokens.Inject(registrytest.Refuse(503, "", "busy"))
	// Several at once share one token.
	var group sync.WaitGroup
	for _, d := range blobs {
		group.Go(func() {
			if _, err := r.PutBlob(t.Context(), store, d); err != nil {
				t.Error(err)
			}
		})
	}
	group.Wait()
	if got := tokens.Requests(); len(got) != 2 || len(*waits) != 1 {
		t.Errorf("requests to the token server: %+v, waits %v; want 2 and 1", got, *waits)
	}
	// A token that expires between two requests, and one that expires while a large blob is sent.
	tokens.Revoke()
	large := store.Add("text/plain", []byte(strings.Repeat("x", 2*expectSize)))
	server.Inject("PUT", 1, func(http.ResponseWriter, *http.Request) bool { tokens.Revoke(); return false })
	src := &meter{Source: store}
	if _, err := r.PutBlob(t.Context(), src, large); err != nil {
		t.Fatal(err)
	}
	if src.read != large.Size {
		t.Errorf("read %d bytes of a blob of %d", src.read, large.Size)
	}
	if got := tokens.Requests(); len(got) != 2 || len(*waits) != 1 {
		t.Errorf("requests to the token server: %+v, waits %v; want 2 and no further one", got, *waits)
	}
	if got := server.Digests("team/app"); len(got) != 3 {
		t.Errorf("the registry has %q", got)
	}
}

// meter is a source that counts the bytes read from it.
type meter struct {
	content.Source
	read int64
}

func (m *meter) Open(ctx context.Context, d oci.Descriptor) (io.ReadCloser, error) {
	blob, err := m.Source.Open(ctx, d)
	return struct {
		io.Reader
		io.Closer
	}{io.TeeReader(blob, m), blob}, err
}

func (m *meter) Write(p []byte) (int, error) {
	m.read += int64(len(p))
	return len(p), nil
}

func TestBearerFails(t *testing.T) {
	store := imagetest.Store{}
	d := store.Add("text/plain", []byte("blob"))
	tests := []struct {
		name  string
		o     Options
		fault registrytest.Fault
		want  string
		waits int
	}{
		{"anonymous may only pull", Options{}, nil, "401 UNAUTHORIZED: authentication required", 0},
		{"wrong password", Options{Credentials: known{Username: "user", Password: "x"}}, nil,
			"token server HOST: 401 Unauthorized: UNAUTHORIZED incorrect username or password", 0},
		{"broken credentials", Options{Credentials: broken{}}, nil, "credentials: unreadable", 0},
		{"impatient token server", user, registrytest.Refuse(429, "", "later", "Retry-After", "999"),
			"token server HOST: 429 Too Many Requests: later", 0},
		{"redirected", user, registrytest.Redirect(307, "file:///"),
			"token server HOST: redirect refused: to the scheme \"file\"", 0},
		{"busy token server", user, registrytest.Refuse(503, "", ""),
			"token server HOST: 503 Service Unavailable (5 attempts)", 4},
	}
	for _, test := range tests {
		tokens := registrytest.NewTokenServer(t, "user", secret)
		server := registrytest.NewBearer(t, tokens)
		host := strings.TrimSuffix(strings.TrimPrefix(tokens.URL, "http://"), "/token")
		r, waits := repository(t, server.Host, test.o)
		if test.fault != nil {
			for range transport.MaxAttempts {
				tokens.Inject(test.fault)
			}
		}
		_, err := r.PutBlob(t.Context(), store, d)
		want := d.Digest.String() + ": " + strings.Replace(test.want, "HOST", host, 1)
		if err == nil || !strings.HasSuffix(err.Error(), want) {
			t.Errorf("%s: %v, want %s", test.name, err, want)
		}
		if len(*waits) != test.waits {
			t.Errorf("%s: %d waits, want %d", test.name, len(*waits), test.waits)
		}
	}
}

// broken is a Finder that fails.
type broken struct{ known }

func (broken) Find(context.Context, reference.Reference) (auth.Credential, error) {
	return auth.Credential{}, errors.New("credentials: unreadable")
}

// witness is a server that records everything sent to it.
type witness struct {
	*httptest.Server
	mu   sync.Mutex
	seen []string
}

func newWitness(t *testing.T) *witness {
	w := new(witness)
	w.Server = httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, req *http.Request) {
		body, _ := io.ReadAll(req.Body)
		w.mu.Lock()
		w.seen = append(w.seen, fmt.Sprintf("%s %s %v %s", req.Method, req.URL, req.Header, body))
		w.mu.Unlock()
		if req.Method == http.MethodPut {
			rw.WriteHeader(http.StatusCreated)
		}
		io.WriteString(rw, "blob")
	}))
	t.Cleanup(w.Close)
	return w
}

// TestNoSecretCrossesHosts redirects the client in every way from a registry that it has a credential for to another host.
func TestNoSecretCrossesHosts(t *testing.T) {
	store := imagetest.Store{}
	d := store.Add("text/plain", []byte("blob"))
	get := func(r *Repository) error { _, err := content.ReadAll(t.Context(), r, d); return err }
	head := func(r *Repository) error { _, err := r.HasBlob(t.Context(), d); return err }
	put := func(r *Repository) error { _, err := r.PutBlob(t.Context(), store, d); return err }
	identity := Options{Credentials: known{IdentityToken: secret}}
	type redirect = func(server *registrytest.Registry, tokens *registrytest.TokenServer, to string)
	at := func(pattern string, status int) redirect {
		return func(server *registrytest.Registry, _ *registrytest.TokenServer, to string) {
			server.Inject(pattern, 1, registrytest.Redirect(status, to))
		}
	}
	tests := []struct {
		name    string
		o       Options
		do      func(*Repository) error
		inject  redirect
		want    string // the error's end; empty: none
		arrives bool   // whether the other host may get a request
	}{
		{"GET", user, get, at("GET .*/blobs/", 307), "", true},
		{"HEAD", user, head, at("HEAD .*/blobs/", 302), "", true},
		{"PUT", user, put, at("PUT", 307), "", true},
		{"POST", user, put, at("POST", 307), "307 Temporary Redirect", false},
		{"upload address", user, put, func(s *registrytest.Registry, _ *registrytest.TokenServer, to string) {
			s.Inject("POST", 1, s.Lie("Location", to+"/upload"))
		}, "", true},
		{"token, basic", user, get, func(_ *registrytest.Registry, tokens *registrytest.TokenServer, to string) {
			tokens.Inject(registrytest.Redirect(307, to))
		}, "the answer is not a token in JSON", true},
		{"token, identity", identity, get, func(_ *registrytest.Registry, tokens *registrytest.TokenServer, to string) {
			tokens.Inject(registrytest.Redirect(307, to))
		}, "307 Temporary Redirect", false},
	}
	for _, test := range tests {
		other := newWitness(t)
		tokens := registrytest.NewTokenServer(t, "user", secret)
		tokens.IdentityToken = secret
		server := registrytest.NewBearer(t, tokens)
		server.AddBlob("team/app", store[d.Digest])
		base := http.DefaultTransport.(*http.Transport).Clone()
		base.Proxy = nil
		base.DialContext = func(ctx context.Context, network, address string) (net.Conn, error) {
			switch host, _, _ := net.SplitHostPort(address); host {
			case "registry.test":
				address = server.Host
			case "cdn.registry.test": // a name to which net/http would send the secret by default
				address = other.Listener.Addr().String()
			}
			return new(net.Dialer).DialContext(ctx, network, address)
		}
		o := Options{Credentials: test.o.Credentials, Insecure: true, Transport: base}
		r, _ := repository(t, "registry.test", o)
		if err := head(r); err != nil && !strings.HasPrefix(test.name, "token") {
			t.Fatal(err) // Now the session has a token.
		}
		server.Requests()
		if strings.HasPrefix(test.name, "token") {
			tokens.Revoke()
		}
		test.inject(server, tokens, "http://user:"+secret+"@cdn.registry.test")
		err := test.do(r)
		if test.want == "" && err != nil || test.want != "" && (err == nil || !strings.HasSuffix(err.Error(), test.want)) {
			t.Errorf("%s: %v, want %q", test.name, err, test.want)
		}
		if arrived := len(other.seen) > 0; arrived != test.arrives {
			t.Errorf("%s: the other host got a request: %t, want %t", test.name, arrived, test.arrives)
		}
		if text := strings.Join(other.seen, "\n"); leaks(text) || strings.Contains(text, "Authorization") ||
			strings.Contains(text, "Referer") {
			t.Errorf("%s: the other host got %s", test.name, text)
		}
		if err != nil && leaks(err.Error()) {
			t.Errorf("%s: the error contains a secret: %v", test.name, err)
		}
	}
}

// TestForeignChallenge checks that only the registry itself can request its credential.
func TestForeignChallenge(t *testing.T) {
	tokens := registrytest.NewTokenServer(t, "user", secret)
	other := registrytest.NewBearer(t, tokens)
	server := registrytest.New(t)
	server.Inject("HEAD", 9, registrytest.Redirect(307, other.URL))
	r, _ := repository(t, server.Host, user)
	_, err := r.Resolve(t.Context(), "v1")
	wantError(t, "a challenge from elsewhere", err, server.Host+"/team/app: manifest v1: 401 Unauthorized")
	if got := tokens.Requests(); len(got) > 0 {
		t.Errorf("requests for a token: %+v", got)
	}
}

// TestRedirectRefused checks that redirects never drop TLS and are bounded.
func TestRedirectRefused(t *testing.T) {
	other := newWitness(t)
	server := registrytest.NewTLS(t)
	r, waits := repository(t, server.Host, Options{})
	server.Inject("HEAD .*/v1", 1, registrytest.Redirect(307, other.URL+"/?"+secret))
	_, err := r.Resolve(t.Context(), "v1")
	wantError(t, "to plain HTTP", err, server.Host+"/team/app: manifest v1: redirect refused: from TLS to plain HTTP on "+
		other.Listener.Addr().String())
	server.Inject("HEAD .*/v2", 99, registrytest.Redirect(307, server.URL))
	_, err = r.Resolve(t.Context(), "v2")
	wantError(t, "in a circle", err, server.Host+"/team/app: manifest v2: redirect refused: more than 5 in a row")
	if len(other.seen) > 0 || len(*waits) > 0 {
		t.Errorf("the other host got %q, %d waits", other.seen, len(*waits))
	}
}

// TestNoSecretInErrors makes servers put secrets into their messages and addresses.
func TestNoSecretInErrors(t *testing.T) {
	server := registrytest.NewBasic(t, "user", secret)
	store := imagetest.Store{}
	d := store.Add("text/plain", []byte("blob"))
	echo := func(w http.ResponseWriter, req *http.Request) bool {
		if req.Header.Get("Authorization") == "" {
			return false
		}
		w.Header().Set("Retry-After", req.Header.Get("Authorization"))
		return registrytest.Refuse(400, secret, "not for "+req.Header.Get("Authorization"))(w, req)
	}
	address := "http://user:" + secret + "@127.0.0.1:1/?signature=" + secret
	tests := []struct {
		name, pattern string
		fault         registrytest.Fault
	}{
		{"echo", "POST", echo},
		{"upload address", "POST", server.Lie("Location", address)},
		{"redirect", "PUT", registrytest.Redirect(307, address)},
		{"digest", "PUT", server.Lie("Docker-Content-Digest", secret)},
	}
	for _, test := range tests {
		r, _ := repository(t, server.Host, user)
		server.Inject(test.pattern, 99, test.fault)
		_, err := r.PutBlob(t.Context(), store, d)
		if err == nil || leaks(fmt.Sprintf("%v %+v %#v %q", err, err, err, err)) {
			t.Errorf("%s: error %v, want one without a secret", test.name, err)
		}
		server.Inject(test.pattern, 0, nil)
	}
}

func TestUploadLocation(t *testing.T) {
	const none = "the registry returned an upload Location without TLS, on "
	tests := []struct{ base, location, want string }{
		{"https://r.test/v2/a/blobs/uploads/", "/v2/a/blobs/uploads/1?s=%2F", "https://r.test/v2/a/blobs/uploads/1?s=%2F"},
		{"https://r.test/v2/a/blobs/uploads/", "1", "https://r.test/v2/a/blobs/uploads/1"},
		{"https://r.test/", "https://cdn.test/x", "https://cdn.test/x"},
		{"https://r.test/", "https://u:p@r.test/x", "https://r.test/x"},
		{"https://r.test:5000/", "http://r.test/x", "https://r.test:5000/x"},
		{"https://r.test/", "http://cdn.test/x", none + "cdn.test"},
		{"http://r.test/", "http://cdn.test/x", "http://cdn.test/x"},
		{"http://r.test/", "https://cdn.test/x", "https://cdn.test/x"},
	}
	for _, test := range tests {
		base, err := url.Parse(test.base)
		if err != nil {
			t.Fatal(err)
		}
		resp := &http.Response{Header: http.Header{"Location": {test.location}}, Request: &http.Request{URL: base}}
		got, err := uploadLocation(resp)
		text := fmt.Sprint(got)
		if err != nil {
			text = err.Error()
		}
		if text != test.want {
			t.Errorf("at %s, %s: %s, want %s", test.base, test.location, text, test.want)
		}
	}
}
