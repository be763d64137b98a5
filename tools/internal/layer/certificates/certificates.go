// Package certificates makes the directory in which TLS libraries look for certificate authorities: one file with all of them,
// one file each, and links that are named after the hash of the subject, as `openssl rehash` makes them.
//
// A [Store] may start with the directory of a base image, whose files stay.
//
// Non-goals: whether a certificate is valid now, or a good idea. The package reads only the structure of certificates.
package certificates

import (
	"bytes"
	"crypto/sha256"
	"encoding/pem"
	"errors"
	"fmt"
	"path"
	"strings"

	"github.com/rules-strata/rules_strata/tools/internal/pattern"
)

// The places for certificates, which Debian, Alpine and SUSE have in common.
const (
	Dir    = "/etc/ssl/certs"
	Bundle = Dir + "/ca-certificates.crt"
)

// MaxSize is the maximum size of a file with certificates, in bytes.
const MaxSize = 16 << 20

// Certificate is a certificate authority.
type Certificate struct {
	DER  []byte
	hash uint32 // of the subject
}

// Parse reads a file with certificates: one in DER, or any number in PEM, with text between them. Anything else in PEM, such as
// a private key, is an error.
func Parse(data []byte) ([]Certificate, error) {
	if len(data) > 0 && data[0] == tagSequence {
		c, err := newCertificate(data)
		return []Certificate{c}, err
	}
	var all []Certificate
	for {
		block, rest := pem.Decode(data)
		if block == nil {
			break
		}
		data = rest
		switch block.Type {
		case "CERTIFICATE", "X509 CERTIFICATE":
		case "TRUSTED CERTIFICATE":
			return nil, errors.New("a TRUSTED CERTIFICATE, which only OpenSSL reads: convert it with openssl x509")
		default:
			return nil, fmt.Errorf("a %s, expected only certificates", block.Type)
		}
		c, err := newCertificate(block.Bytes)
		if err != nil {
			return nil, fmt.Errorf("certificate %d: %w", len(all)+1, err)
		}
		all = append(all, c)
	}
	switch {
	case bytes.Contains(data, []byte("-----BEGIN")):
		return nil, fmt.Errorf("the PEM block after %d certificates is malformed", len(all))
	case len(all) == 0:
		return nil, errors.New("no certificate in PEM or DER")
	}
	return all, nil
}

// Store is the directory in the making.
type Store struct {
	bundle bytes.Buffer
	seen   map[[sha256.Size]byte]bool // the certificates of the bundle
	taken  map[string]bool            // names in the directory
	files  map[string]string
	links  map[string]string
}

// NewStore returns a store with the bundle and the file names in the directory of a base. Both may be empty.
func NewStore(bundle []byte, names []string) *Store {
	s := &Store{
		seen: make(map[[sha256.Size]byte]bool), taken: map[string]bool{path.Base(Bundle): true},
		files: make(map[string]string), links: make(map[string]string),
	}
	s.bundle.Write(bundle)
	if len(bundle) > 0 && bundle[len(bundle)-1] != '\n' {
		s.bundle.WriteByte('\n')
	}
	for block, rest := pem.Decode(bundle); block != nil; block, rest = pem.Decode(rest) {
		s.seen[sha256.Sum256(block.Bytes)] = true
	}
	for _, name := range names {
		s.taken[name] = true
	}
	return s
}

// unsafe matches what a file name must not contain.
var unsafe = pattern.New(`[^\pL\pN._+=@-]+`)

// Add adds the certificates of a file. Those that the store has already are left out. The name of the file, without its
// extension, becomes the name in the directory.
func (s *Store) Add(file string, all []Certificate) {
	stem := unsafe().ReplaceAllString(strings.TrimSuffix(path.Base(file), path.Ext(file)), "_")
	for _, c := range all {
		sum := sha256.Sum256(c.DER)
		if s.seen[sum] {
			continue
		}
		s.seen[sum] = true
		text := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: c.DER})
		s.bundle.Write(text)
		name := s.free(stem+".pem", func(n int) string { return fmt.Sprintf("%s_%d.pem", stem, n+1) })
		s.files[name] = string(text)
		first := fmt.Sprintf("%08x.0", c.hash)
		s.links[s.free(first, func(n int) string { return fmt.Sprintf("%08x.%d", c.hash, n) })] = name
	}
}

// free returns the first name that is not taken, and takes it.
func (s *Store) free(name string, next func(n int) string) string {
	for n := 1; s.taken[name]; n++ {
		name = next(n)
	}
	s.taken[name] = true
	return name
}

// Files returns the files, path -> content, the bundle among them.
func (s *Store) Files() map[string]string {
	files := map[string]string{Bundle: s.bundle.String()}
	for name, text := range s.files {
		files[Dir+"/"+name] = text
	}
	return files
}

// Links returns the symlinks, path -> target.
func (s *Store) Links() map[string]string {
	links := make(map[string]string, len(s.links))
	for name, target := range s.links {
		links[Dir+"/"+name] = target
	}
	return links
}
