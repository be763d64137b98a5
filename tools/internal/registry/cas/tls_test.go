package cas

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"io"
	"log"
	"math/big"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/rules-strata/rules_strata/tools/internal/registry/transport"
)

// A cache that requires a client certificate, in both protocols.
func TestClientCertificate(t *testing.T) {
	data, d := random(10)
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour), IsCA: true, BasicConstraintsValid: true,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	client, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewUnstartedServer(&server{blobs: map[string][]byte{
		"cas/" + d.Digest.Encoded(): data, "blobs/" + d.Digest.Encoded() + "/10": data,
	}})
	server.EnableHTTP2 = true
	server.Config.ErrorLog = log.New(io.Discard, "", 0)
	server.TLS = &tls.Config{ClientAuth: tls.RequireAndVerifyClientCert, ClientCAs: x509.NewCertPool()}
	server.TLS.ClientCAs.AddCert(client)
	server.StartTLS()
	defer server.Close()
	known := x509.NewCertPool()
	known.AddCert(server.Certificate())
	for _, scheme := range []string{"https", "grpcs"} {
		address := strings.Replace(server.URL, "https", scheme, 1)
		n := 0
		o := waits(&n)
		o.TLS = &tls.Config{RootCAs: known}
		if _, err := read(address, o, d); !transport.IsTLSAlert(err) {
			t.Errorf("%s without a certificate: %v", scheme, err)
		}
		o.TLS.Certificates = []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}}
		if _, err := read(address, o, d); err != nil {
			t.Errorf("%s: %v", scheme, err)
		}
	}
}
