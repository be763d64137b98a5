package transport

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// DefaultCertDirs returns the directories in which podman and docker look for a registry's certificates, in this order:
// ~/.config/containers/certs.d, /etc/containers/certs.d, $XDG_CONFIG_HOME/docker/certs.d (default ~/.config, for Docker
// without root) and /etc/docker/certs.d.
func DefaultCertDirs() []string {
	home, _ := os.UserHomeDir() // Without a home the places below it are not asked.
	return defaultCertDirs(home, os.Getenv("XDG_CONFIG_HOME"))
}

func defaultCertDirs(home, config string) []string {
	var own, docker []string
	if home != "" {
		own = []string{filepath.Join(home, ".config/containers/certs.d")}
		if config == "" {
			config = filepath.Join(home, ".config")
		}
	}
	if config != "" {
		docker = []string{filepath.Join(config, "docker/certs.d")}
	}
	all := append(own, "/etc/containers/certs.d")
	return append(append(all, docker...), "/etc/docker/certs.d")
}

// certError is the error for an unusable directory of certificates.
type certError struct{ err error }

func (e *certError) Error() string { return "certificates: " + e.err.Error() }
func (e *certError) Unwrap() error { return e.err }

// Retry implements [Retryable].
func (e *certError) Retry() (time.Duration, bool) { return 0, false }

// hostDir returns the first directory for the host, HOST or HOST:PORT, or "" if there is none.
func hostDir(dirs []string, host string) string {
	if strings.Trim(host, ".") == "" { // It may come from a server's redirect.
		return ""
	}
	for _, dir := range dirs {
		path := filepath.Join(dir, host)
		if info, err := os.Stat(path); err == nil && info.IsDir() {
			return path
		}
	}
	return ""
}

// addCerts adds what a directory holds to a configuration: NAME.crt are authorities besides those of the system, NAME.cert
// with NAME.key is a client certificate. As with docker and podman half of such a pair is an error, and as with podman a
// symlink that leads nowhere is no authority.
func addCerts(config *tls.Config, dir string) error {
	entries, err := os.ReadDir(dir)
	if errors.Is(err, fs.ErrPermission) {
		return nil // It is not for this user.
	}
	if err != nil {
		return &certError{err}
	}
	for _, entry := range entries {
		path := filepath.Join(dir, entry.Name())
		base, extension := strings.TrimSuffix(path, filepath.Ext(path)), filepath.Ext(path)
		switch extension {
		case ".crt":
			if err = AddAuthorities(config, path); errors.Is(err, fs.ErrNotExist) {
				err = nil // Red Hat's systems come with links to authorities that only subscribers have.
			}
		case ".cert":
			var pair tls.Certificate
			pair, err = tls.LoadX509KeyPair(path, base+".key")
			config.Certificates = append(config.Certificates, pair)
			if errors.Is(err, fs.ErrNotExist) {
				err = fmt.Errorf("%s is without its %s.key; an authority's file ends with .crt", path, filepath.Base(base))
			}
		case ".key":
			if _, statErr := os.Stat(base + ".cert"); errors.Is(statErr, fs.ErrNotExist) {
				err = fmt.Errorf("%s is without its %s.cert", path, filepath.Base(base))
			}
		}
		if err != nil {
			return &certError{err}
		}
	}
	return nil
}

// AddAuthorities makes a configuration trust the authorities in a PEM file, besides those of the system.
func AddAuthorities(config *tls.Config, path string) error {
	data, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	if config.RootCAs == nil {
		if config.RootCAs, err = x509.SystemCertPool(); err != nil {
			return err
		}
	} else {
		config.RootCAs = config.RootCAs.Clone()
	}
	if !config.RootCAs.AppendCertsFromPEM(data) {
		return fmt.Errorf("%s holds no certificate", path)
	}
	return nil
}
