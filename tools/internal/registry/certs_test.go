package registry

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"io"
	"maps"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/rules-strata/rules_strata/tools/internal/oci/reference"
	"github.com/rules-strata/rules_strata/tools/internal/registry/auth"
)

// issue makes a self-signed certificate, for clients and for servers with the name.
func issue(t *testing.T, name string) (certificate, key []byte) {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: name}, DNSNames: []string{name},
		NotAfter: time.Now().Add(time.Hour), IsCA: true, BasicConstraintsValid: true,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, private.Public(), private)
	if err != nil {
		t.Fatal(err)
	}
	secret, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}),
		pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: secret})
}

// TestCertDirs pulls from a registry whose authority is only in its directory, and that requires a client certificate.
func TestCertDirs(t *testing.T) {
	serverCert, serverKey := issue(t, "registry.test")
	clientCert, clientKey := issue(t, "client")
	pair, err := tls.X509KeyPair(serverCert, serverKey)
	if err != nil {
		t.Fatal(err)
	}
	clients := x509.NewCertPool()
	clients.AppendCertsFromPEM(clientCert)
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		switch {
		case req.URL.Path == "/token":
			io.WriteString(w, `{"token":"t"}`)
		case req.Header.Get("Authorization") == "":
			w.Header().Set("WWW-Authenticate", `Bearer realm="https://registry.test:5001/token"`)
			w.WriteHeader(http.StatusUnauthorized)
		}
	}))
	server.TLS = &tls.Config{
		Certificates: []tls.Certificate{pair}, ClientAuth: tls.RequireAndVerifyClientCert, ClientCAs: clients,
	}
	server.StartTLS()
	defer server.Close()
	base := http.DefaultTransport.(*http.Transport).Clone()
	base.DialContext = func(ctx context.Context, network, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, network, server.Listener.Addr().String())
	}
	whole := map[string][]byte{"ca.crt": serverCert, "me.cert": clientCert, "me.key": clientKey, "README": nil}
	without := func(names ...string) map[string][]byte {
		files := maps.Clone(whole)
		for _, name := range names {
			delete(files, name)
		}
		return files
	}
	tests := []struct {
		name  string
		dir   string
		files map[string][]byte
		want  string // part of the error, empty: none
	}{
		{"whole", "registry.test:5000", whole, ""},
		{"another port", "registry.test", whole, "certificate signed by unknown authority"},
		{"no authority", "registry.test:5000", without("ca.crt"), "certificate signed by unknown authority"},
		{"no client certificate", "registry.test:5000", without("me.cert", "me.key"), "certificate required"},
		{"no certificate for the key", "registry.test:5000", without("me.cert"), "me.key has no matching me.cert"},
		{"no key", "registry.test:5000", without("me.key"), "me.cert has no matching me.key; an authority's file name must end with .crt"},
		{"garbage", "registry.test:5000", map[string][]byte{"ca.crt": []byte("x")}, "ca.crt contains no certificate"},
	}
	for _, test := range tests {
		certs := t.TempDir()
		if err := os.Mkdir(filepath.Join(certs, test.dir), 0o700); err != nil {
			t.Fatal(err)
		}
		for name, data := range test.files {
			if err := os.WriteFile(filepath.Join(certs, test.dir, name), data, 0o600); err != nil {
				t.Fatal(err)
			}
		}
		if err := os.Symlink("nowhere", filepath.Join(certs, test.dir, "subscriber.crt")); err != nil {
			t.Fatal(err)
		}
		attempts := 0
		client := NewClient(Options{
			Transport: base, CertDirs: []string{filepath.Join(certs, "absent"), certs},
			Wait: func(context.Context, time.Duration) error { attempts++; return nil },
		})
		ref := reference.Reference{Registry: "registry.test:5000", Repository: "team/app"}
		r, err := client.Repository(t.Context(), ref, auth.Pull)
		if err == nil {
			_, err = r.Resolve(t.Context(), "v1")
		}
		if test.want == "" && err != nil || test.want != "" && (err == nil || !strings.Contains(err.Error(), test.want)) {
			t.Errorf("%s: %v, want %q", test.name, err, test.want)
		}
		if attempts > 0 {
			t.Errorf("%s: tried again", test.name)
		}
	}
}
