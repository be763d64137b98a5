package reference

import (
	"errors"
	"fmt"
	"strings"

	"github.com/rules-strata/rules_strata/tools/internal/oci/digest"
	"github.com/rules-strata/rules_strata/tools/internal/pattern"
)

const (
	// maxName is the longest registry and repository together, in bytes; Docker and most registries reject longer ones.
	maxName = 255
	// maxTag is the longest tag, in bytes (distribution-spec 1.1, "Pulling manifests").
	maxTag = 128
)

var (
	hostPattern      = pattern.New(`^(?:` + hostName + `|\[[0-9a-fA-F:]+\])(?::[0-9]{1,5})?$`)
	componentPattern = pattern.New(`^[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*$`)
	tagPattern       = pattern.New(`^[A-Za-z0-9_][A-Za-z0-9_.-]*$`)
	hexPattern       = pattern.New(`^[0-9a-f]{64}$`)
)

// The patterns of a host name and of one of its labels.
const (
	hostName  = hostLabel + `(?:\.` + hostLabel + `)*`
	hostLabel = `[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?`
)

// CheckTag returns an error unless tag is a valid tag.
func CheckTag(tag string) error {
	switch {
	case tag == "":
		return errors.New("the tag is empty")
	case len(tag) > maxTag || !tagPattern().MatchString(tag):
		return fmt.Errorf("tag %q: expected at most 128 letters, digits, \"_\", \".\" and \"-\", "+
			"not starting with \".\" or \"-\"", tag)
	}
	return nil
}

// parse parses a name and adds a missing registry, but no tag.
func parse(text string) (r Reference, err error) {
	name, digestText, hasDigest := strings.Cut(text, "@")
	if hasDigest {
		if r.Digest, err = digest.Parse(digestText); err != nil {
			return Reference{}, err
		}
	}
	if hexPattern().MatchString(name) {
		return Reference{}, errors.New("64 hexadecimal digits are an image's id, not a name")
	}
	// A colon before the last slash separates a registry from its port.
	if colon := strings.LastIndexByte(name, ':'); colon > strings.LastIndexByte(name, '/') {
		r.Tag = name[colon+1:]
		if err := CheckTag(r.Tag); err != nil {
			return Reference{}, err
		}
		name = name[:colon]
	}
	r.Registry, r.Repository = splitRegistry(name)
	return r, r.check()
}

// splitRegistry finds the registry in a name. The first component is one if it cannot be a part of a repository on
// Docker Hub: it has a dot, a colon or a capital letter, or is "localhost".
func splitRegistry(name string) (registry, repository string) {
	first, rest, found := strings.Cut(name, "/")
	if !found || !(strings.ContainsAny(first, ".:") || first == "localhost" || strings.ToLower(first) != first) {
		first, rest = dockerHub, name
	}
	if first == "index.docker.io" {
		first = dockerHub
	}
	if first == dockerHub && !strings.Contains(rest, "/") {
		rest = dockerLibrary + rest
	}
	return first, rest
}

func (r Reference) check() error {
	if !hostPattern().MatchString(r.Registry) {
		return fmt.Errorf("%q is not the name of a registry", r.Registry)
	}
	if strings.TrimPrefix(r.Repository, dockerLibrary) == "" {
		return errors.New("the repository is empty")
	}
	for _, component := range strings.Split(r.Repository, "/") {
		switch {
		case componentPattern().MatchString(component):
		case strings.ToLower(component) != component:
			return fmt.Errorf("repository component %q: only lower-case letters are allowed", component)
		default:
			return fmt.Errorf("repository component %q: expected lower-case letters and digits, "+
				"separated by \".\", \"_\", \"__\" or \"-\"", component)
		}
	}
	if n := len(r.Name()); n > maxName {
		return fmt.Errorf("%d bytes without the tag, the limit is %d", n, maxName)
	}
	return nil
}
