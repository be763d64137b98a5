package auth

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"syscall"

	"github.com/rules-strata/rules_strata/tools/internal/oci/reference"
	"github.com/rules-strata/rules_strata/tools/internal/registry/transport"
)

// Store is a Finder that reads the files of docker and podman. The first file that has a credential for the registry
// wins.
type Store struct {
	// Files are the paths of the files, in search order. Files that do not exist are skipped.
	Files []string
	// Limits bound how long a helper program may take.
	Limits transport.Limits
}

// DefaultStore returns a store of the files that podman and docker read on this machine, in this order:
// $REGISTRY_AUTH_FILE; $XDG_RUNTIME_DIR/containers/auth.json, or /run/containers/UID/auth.json without the variable;
// $XDG_CONFIG_HOME/containers/auth.json (default ~/.config); $DOCKER_CONFIG/config.json (default ~/.docker).
func DefaultStore() *Store {
	home, _ := os.UserHomeDir() // Without a home directory, the paths below it are skipped.
	return &Store{Files: defaultFiles(os.Getenv, home, os.Getuid())}
}

func defaultFiles(getenv func(string) string, home string, uid int) []string {
	var files []string
	add := func(dir, file string) {
		if dir != "" {
			files = append(files, filepath.Join(dir, file))
		}
	}
	below := func(dir, child string) string {
		if dir == "" {
			return ""
		}
		return filepath.Join(dir, child)
	}
	or := func(variable, dir string) string {
		if value := getenv(variable); value != "" {
			return value
		}
		return dir
	}
	add(getenv("REGISTRY_AUTH_FILE"), "")
	if dir := getenv("XDG_RUNTIME_DIR"); dir != "" {
		add(dir, "containers/auth.json")
	} else if uid >= 0 {
		add("/run/containers/"+strconv.Itoa(uid), "auth.json")
	}
	add(or("XDG_CONFIG_HOME", below(home, ".config")), "containers/auth.json")
	add(or("DOCKER_CONFIG", below(home, ".docker")), "config.json")
	return files
}

// Searched implements Finder.
func (s *Store) Searched() []string { return s.Files }

// Find implements Finder. In each file it tries a helper for the registry first ("credHelpers"), then the helper for
// all registries ("credsStore"), then the file's own entries ("auths"), starting with the longest repository prefix.
func (s *Store) Find(ctx context.Context, ref reference.Reference) (Credential, error) {
	for _, path := range s.Files {
		data, err := os.ReadFile(path)
		if errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ENOTDIR) {
			continue
		}
		if err != nil {
			return Credential{}, fmt.Errorf("credentials: %w", err)
		}
		c, err := s.findInFile(ctx, data, ref)
		if err != nil {
			return Credential{}, fmt.Errorf("credentials: %s: %w", path, err)
		}
		if !c.IsAnonymous() {
			return c, nil
		}
	}
	return Credential{}, nil
}

func (s *Store) findInFile(ctx context.Context, data []byte, ref reference.Reference) (Credential, error) {
	file, err := parseFile(data)
	if err != nil {
		return Credential{}, err
	}
	names := keysFor(ref)
	for _, found := range matches(file.CredHelpers, names) {
		if found.value == "" { // This is how Docker exempts a registry from the global helper.
			file.CredsStore = ""
			break
		}
		c, err := askHelper(ctx, s.Limits, found.value, serverURL(found.name))
		if err != nil || !c.IsAnonymous() {
			return c, err
		}
	}
	if file.CredsStore != "" {
		c, err := askHelper(ctx, s.Limits, file.CredsStore, serverURL(ref.Registry))
		if err != nil || !c.IsAnonymous() {
			return c, err
		}
	}
	for _, found := range matches(file.Auths, names) {
		c, err := found.value.credential()
		if err != nil {
			return Credential{}, fmt.Errorf("auths: %s: %w", found.name, err)
		}
		if !c.IsAnonymous() {
			return c, nil
		}
	}
	return Credential{}, nil
}
