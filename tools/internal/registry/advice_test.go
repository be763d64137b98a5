package registry

import (
	"context"
	"errors"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/rules-strata/rules_strata/tools/internal/image/imagetest"
	"github.com/rules-strata/rules_strata/tools/internal/oci/reference"
	"github.com/rules-strata/rules_strata/tools/internal/registry/auth"
	"github.com/rules-strata/rules_strata/tools/internal/registry/registrytest"
	"github.com/rules-strata/rules_strata/tools/internal/registry/transport"
)

// silent is a Finder whose helper does not answer.
type silent struct{ known }

func (silent) Find(context.Context, reference.Reference) (auth.Credential, error) {
	return auth.Credential{}, &transport.SilenceError{Who: "docker-credential-x"}
}

// hint returns the advice of the first error in the chain that has any.
func hint(err error) string {
	for ; err != nil; err = errors.Unwrap(err) {
		if h, ok := err.(interface{ Hint() string }); ok && h.Hint() != "" {
			return h.Hint()
		}
	}
	return ""
}

// to returns connections that lead to the server, whatever the name.
func to(server *registrytest.Registry) *http.Transport {
	base := http.DefaultTransport.(*http.Transport).Clone()
	base.Proxy = nil
	dial := base.DialContext
	base.DialContext = func(ctx context.Context, network, _ string) (net.Conn, error) {
		return dial(ctx, network, server.Host)
	}
	return base
}

// Every failure that the user can fix has advice, and no other failure does.
func TestHint(t *testing.T) {
	type server = func(testing.TB) *registrytest.Registry
	var open, secure server = registrytest.New, registrytest.NewTLS
	basic := func(t testing.TB) *registrytest.Registry { return registrytest.NewBasic(t, "user", secret) }
	bearer := func(t testing.TB) *registrytest.Registry {
		return registrytest.NewBearer(t, registrytest.NewTokenServer(t, "user", secret))
	}
	const (
		login  = `"docker login HOST" or "podman login HOST"`
		none   = "no credential for HOST was found in config.json; " + login + " stores one; some registries also respond this way if HOST/team/app does not exist"
		denied = "HOST does not accept the credential: it is wrong or has expired (" + login + " renews it), or its owner has no access to HOST/team/app"
		slow   = "HOST limits the request rate: try again later"
	)
	wrong := Options{Credentials: known{Username: "user", Password: "wrong"}}
	nobody := Options{Credentials: known{}}
	resolve := func(r *Repository) error { _, err := r.Resolve(t.Context(), "v1"); return err }
	upload := func(r *Repository) error {
		store := imagetest.Store{}
		_, err := r.PutBlob(t.Context(), store, store.Add("text/plain", []byte("blob")))
		return err
	}
	quick := Options{Limits: transport.Limits{Notice: time.Minute, Silence: 300 * time.Millisecond, Whole: time.Minute}}
	stall := func(_ http.ResponseWriter, req *http.Request) bool { <-req.Context().Done(); return true }
	tests := []struct {
		name  string
		host  string // empty: the server's own
		start server
		o     Options
		fault registrytest.Fault
		do    func(*Repository) error
		want  string
	}{
		{"401, anonymous", "", basic, nobody, nil, resolve, none},
		{"401, wrong password", "", basic, wrong, nil, upload, denied},
		{"401 from the token server", "", bearer, wrong, nil, upload, denied},
		{"401, anonymous token", "", bearer, nobody, nil, upload, none},
		{"403", "", basic, user, registrytest.Refuse(403, "DENIED", ""), upload, denied},
		{"404, read", "", open, nobody, nil, resolve, "check the spelling of HOST/team/app; if the image is gone, use another tag or digest"},
		{"404, written", "", open, nobody, registrytest.Refuse(404, "NAME_UNKNOWN", ""), upload,
			"some registries require the repository to be created before the first push; if it exists, check the spelling of HOST/team/app"},
		{"429, anonymous", "", open, nobody, registrytest.Refuse(429, "", "", "Retry-After", "999"), upload,
			slow + "; logged-in users may have a higher limit (" + login + ")"},
		{"429, logged in", "", basic, user, registrytest.Refuse(429, "", "", "Retry-After", "999"), upload, slow},
		{"500", "", open, nobody, registrytest.Refuse(500, "", ""), upload, ""},
		{"silence", "", open, quick, stall, upload,
			"HOST may be overloaded or unreachable: try again, and check whether a proxy is needed (HTTPS_PROXY, NO_PROXY)"},
		{"silence of a helper", "", basic, Options{Credentials: silent{}}, nil, resolve, ""},
		{"unknown authority", "registry.test", secure, nobody, nil, resolve,
			"to trust the authority of HOST, put its certificate into certs.d/HOST/ca.crt below /etc/containers or /etc/docker, or into " +
				"the file that SSL_CERT_FILE names, or use --insecure"},
		{"plain HTTP", "registry.test:5000", open, nobody, nil, resolve,
			"HOST has no TLS; --insecure allows that"},
	}
	for _, test := range tests {
		server, host := test.start(t), test.host
		if host == "" {
			host = server.Host
		} else {
			test.o.Transport = to(server)
		}
		limits := test.o.Limits
		test.o.Limits = transport.Limits{} // Do not cut the TLS probe short.
		r, _ := repository(t, host, test.o)
		r.client.hosts.Limits = limits
		if test.fault != nil {
			server.Inject("POST", 9, func(w http.ResponseWriter, req *http.Request) bool {
				mayPass := test.o.Credentials == user.Credentials && req.Header.Get("Authorization") == ""
				return !mayPass && test.fault(w, req) // The registry itself asks for a credential first.
			})
		}
		err := test.do(r)
		if want := strings.ReplaceAll(test.want, "HOST", host); err == nil || hint(err) != want {
			t.Errorf("%s: %v\n got %q\nwant %q", test.name, err, hint(err), want)
		}
	}
}

// Advice about the source of a blob names the source, not the registry that the blob is pushed to.
func TestHintOfSource(t *testing.T) {
	locked, open := registrytest.NewBasic(t, "user", secret), registrytest.New(t)
	store := imagetest.Store{}
	d := store.Add("text/plain", []byte("blob"))
	from, _ := repository(t, locked.Host, Options{Credentials: known{}})
	into, _ := repository(t, open.Host, Options{Credentials: known{}})
	_, err := into.PutBlob(t.Context(), from, d)
	if got := hint(err); !strings.HasPrefix(got, "no credential for "+locked.Host+" was found") {
		t.Errorf("%v: %q", err, got)
	}
}
