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
	home, _ := os.UserHomeDir() // Without a home directory, the paths below it are skipped.
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

// hostDir returns the first directory for the host, HOST or HOST:PORT, or "" if none exists.
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

// addCerts adds the contents of a directory to a configuration: NAME.crt are authorities in addition to the system's,
// NAME.cert with NAME.key is a client certificate. As in docker and podman, half of such a pair is an error, and as in
// podman, dangling symlinks are ignored.
func addCerts(config *tls.Config, dir string) error {
	entries, err := os.ReadDir(dir)
	if errors.Is(err, fs.ErrPermission) {
		return nil // The directory is not for this user.
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
				err = fmt.Errorf("%s has no matching %s.key; an authority's file name must end with .crt", path, filepath.Base(base))
			}
		case ".key":
			if _, statErr := os.Stat(base + ".cert"); errors.Is(statErr, fs.ErrNotExist) {
				err = fmt.Errorf("%s has no matching %s.cert", path, filepath.Base(base))
			}
		}
		if err != nil {
			return &certError{err}
		}
	}
	return nil
}

// AddAuthorities makes a configuration trust the authorities in a PEM file, in addition to the system's.
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
		return fmt.Errorf("%s contains no certificate", path)
	}
	return nil
}
