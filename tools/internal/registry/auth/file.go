package auth

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/rules-strata/rules_strata/tools/internal/oci/reference"
)

// dockerHub is the registry whose entries have many spellings; dockerHubServer is the one that docker login uses.
const (
	dockerHub       = "docker.io"
	dockerHubServer = "https://index.docker.io/v1/"
)

// authFile is the part of Docker's config.json and Podman's auth.json that concerns credentials.
type authFile struct {
	Auths       map[string]entry  `json:"auths"`
	CredHelpers map[string]string `json:"credHelpers"`
	CredsStore  string            `json:"credsStore"`
}

// entry is one value of "auths".
type entry struct {
	Auth          string `json:"auth"` // base64 of user:password
	Username      string `json:"username"`
	Password      string `json:"password"`
	IdentityToken string `json:"identitytoken"`
	RegistryToken string `json:"registrytoken"`
}

// parseFile reads a file. Its errors give the position of a fault, never the file's contents.
func parseFile(data []byte) (authFile, error) {
	var file authFile
	err := json.Unmarshal(data, &file)
	var syntax *json.SyntaxError
	var mistyped *json.UnmarshalTypeError
	switch {
	case err == nil:
		return file, nil
	case errors.As(err, &mistyped):
		return file, fmt.Errorf("a value of the wrong type, near byte %d", mistyped.Offset)
	case errors.As(err, &syntax):
		return file, fmt.Errorf("not JSON, near byte %d", syntax.Offset)
	}
	return file, errors.New("not JSON")
}

// credential returns the entry's credential. docker login leaves an empty entry when a helper has the secret.
func (e entry) credential() (Credential, error) {
	c := Credential{
		Username: e.Username, Password: e.Password,
		IdentityToken: e.IdentityToken, RegistryToken: e.RegistryToken,
	}
	if e.Auth == "" {
		return c, nil
	}
	text, err := base64.StdEncoding.DecodeString(e.Auth)
	user, password, found := strings.Cut(string(text), ":")
	if err != nil || !found {
		return Credential{}, errors.New("auth is not the base64 form of user:password")
	}
	c.Username, c.Password = user, strings.Trim(password, "\x00")
	return c, nil
}

// keysFor returns the names under which a credential for the repository may be stored, the longest first: Podman stores
// "registry/a/b", "registry/a" or "registry".
func keysFor(ref reference.Reference) []string {
	var names []string
	for path := ref.Repository; path != ""; path = path[:max(strings.LastIndexByte(path, '/'), 0)] {
		names = append(names, ref.Registry+"/"+path)
	}
	return append(names, ref.Registry)
}

// match is an entry of a file's map and the requested name that matched it.
type match[V any] struct {
	name  string
	value V
}

// matches returns the entries of m for the names, in the order of the names. An entry with exactly that spelling comes
// before its equivalents.
func matches[V any](m map[string]V, names []string) []match[V] {
	var found []match[V]
	keys := slices.Sorted(maps.Keys(m))
	for _, name := range names {
		if value, ok := m[name]; ok {
			found = append(found, match[V]{name, value})
		}
		for _, key := range keys {
			if key != name && normalise(key) == name {
				found = append(found, match[V]{name, m[key]})
			}
		}
	}
	return found
}

// normalise returns the name that a key of a file stands for. A URL stands for its host ("https://quay.io/v1/"), and so
// does a host with an API version; anything else is a host, optionally with a repository prefix.
func normalise(key string) string {
	_, name, isURL := strings.Cut(key, "://")
	if !isURL {
		name = key
	}
	host, path, _ := strings.Cut(strings.TrimSuffix(name, "/"), "/")
	switch host {
	case "index.docker.io", "registry-1.docker.io":
		host = dockerHub
	}
	if isURL || path == "" || path == "v1" || path == "v2" {
		return host
	}
	return host + "/" + path
}

// serverURL returns the name by which helper programs know a registry: its own, except for Docker Hub.
func serverURL(name string) string {
	if name == dockerHub {
		return dockerHubServer
	}
	return name
}
