package lockfile

import (
	"errors"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"unicode/utf8"

	"github.com/rules-strata/rules_strata/tools/internal/layer/shape"
	"github.com/rules-strata/rules_strata/tools/internal/oci"
	"github.com/rules-strata/rules_strata/tools/internal/oci/content"
	"github.com/rules-strata/rules_strata/tools/internal/oci/digest"
	"github.com/rules-strata/rules_strata/tools/internal/oci/reference"
	"github.com/rules-strata/rules_strata/tools/internal/pattern"
)

// namePattern matches the valid names of Bazel repositories.
var namePattern = pattern.New(`^[A-Za-z][A-Za-z0-9._-]*$`)

// platformPattern matches the valid names of platforms, which become names of targets and files.
var platformPattern = pattern.New(`^[A-Za-z0-9][A-Za-z0-9._-]*(?:/[A-Za-z0-9][A-Za-z0-9._-]*){1,2}$`)

// CheckName returns an error unless the name is valid for an image: it becomes that of a repository, "@NAME".
func CheckName(name string) error {
	if !namePattern().MatchString(name) {
		return fmt.Errorf("name %q: expected a letter, then letters, digits, \".\", \"_\" and \"-\"", name)
	}
	return nil
}

// Sources returns the repositories that have the image's blobs, in order of preference: its mirrors, then its own.
func (i Image) Sources() ([]reference.Reference, error) {
	var all []reference.Reference
	for _, mirror := range i.Mirrors {
		ref, err := reference.ParseRepository(mirror)
		if err != nil {
			return nil, fmt.Errorf("mirrors: %w", err)
		}
		all = append(all, ref)
	}
	ref, err := reference.Parse(i.Reference)
	return append(all, reference.Reference{Registry: ref.Registry, Repository: ref.Repository}), err
}

// Check returns an error that lists everything that is wrong with f: invalid names, references and registries, and
// documents that do not match their digests. It sends no requests to registries.
func (f *File) Check() error {
	var problems []error
	for _, name := range slices.Sorted(maps.Keys(f.Registries)) {
		if err := f.Registries[name].check(name); err != nil {
			problems = append(problems, fmt.Errorf("registry %s: %w", name, err))
		}
	}
	for _, name := range slices.Sorted(maps.Keys(f.Images)) {
		if err := CheckName(name); err != nil {
			problems = append(problems, err)
		}
		for _, problem := range f.Images[name].check(f.Registries) {
			problems = append(problems, fmt.Errorf("image %s: %w", name, problem))
		}
	}
	return errors.Join(problems...)
}

func (r Registry) check(name string) error {
	if !isAddress(r.URL) {
		return fmt.Errorf("url %q is not an http(s) address", r.URL)
	}
	switch {
	case r.Auth == nil || r.Auth.Scheme == "basic":
	case r.Auth.Scheme != "bearer":
		return fmt.Errorf("auth: unknown scheme %q, expected \"basic\" or \"bearer\"", r.Auth.Scheme)
	case !isAddress(r.Auth.Realm):
		return fmt.Errorf("auth: realm %q is not an http(s) address", r.Auth.Realm)
	}
	return r.checkServers(name)
}

func isAddress(text string) bool {
	address, err := url.Parse(text)
	return err == nil && address.Host != "" && (address.Scheme == "https" || address.Scheme == "http") &&
		address.User == nil
}

func (i Image) check(registries map[string]Registry) (problems []error) {
	add := func(format string, args ...any) { problems = append(problems, fmt.Errorf(format, args...)) }
	sources, err := i.Sources()
	if err != nil {
		add("%w", err)
	}
	for _, source := range sources {
		if _, ok := registries[source.Registry]; !ok && err == nil {
			add("registry %s is not listed in \"registries\"", source.Registry)
		}
	}
	if ref, err := reference.Parse(i.Reference); err == nil && ref.Digest != "" && ref.Digest != i.Digest {
		add("the digest is %s, but the reference has %s", i.Digest, ref.Digest)
	}
	// The digest names the first document, and each index names the documents after it.
	named := map[digest.Digest]bool{i.Digest: true}
	for n, index := range i.Indexes {
		where := fmt.Sprintf("index %d", n+1)
		if err := checkDocument(index); err != nil {
			add("%s: %w", where, err)
			continue
		}
		if !named[index.Digest] {
			add("%s: nothing refers to %s", where, index.Digest)
		}
		children, err := content.Children(index.MediaType, index.Text)
		if err != nil || !oci.IsIndex(index.MediaType) {
			add("%s: not an index", where)
		}
		if n == 0 {
			clear(named) // The digest is that of the outermost index, so no manifest can have it.
		}
		for _, child := range children {
			named[child.Digest] = true
		}
	}
	if len(i.Platforms) == 0 {
		add("no platforms")
	}
	for _, name := range slices.Sorted(maps.Keys(i.Platforms)) {
		if err := i.Platforms[name].check(name, named); err != nil {
			add("%s: %w", name, err)
		}
	}
	return problems
}

// checkDocument checks a document's digest, and that a lock file can contain the document.
func checkDocument(d Document) error {
	if got := digest.FromBytes(d.Text); got != d.Digest {
		return fmt.Errorf("the text has the digest %s, expected %s", got, d.Digest)
	}
	if !utf8.Valid(d.Text) {
		return errors.New("the text is not UTF-8, which JSON requires")
	}
	return nil
}

func (p Platform) check(name string, named map[digest.Digest]bool) error {
	platform, err := oci.ParsePlatform(name)
	if err != nil || !platformPattern().MatchString(name) {
		return fmt.Errorf("platform %q: expected OS/ARCH or OS/ARCH/VARIANT", name)
	}
	if !named[p.Manifest.Digest] {
		return fmt.Errorf("nothing refers to the manifest %s", p.Manifest.Digest)
	}
	if _, err := p.Layers(); err != nil {
		return err
	}
	if p.Shape != nil {
		if _, err := shape.Parse(p.Shape); err != nil {
			return fmt.Errorf("shape: %w", err)
		}
	}
	if err := checkDocument(p.Config); err != nil {
		return fmt.Errorf("config: %w", err)
	}
	config, err := p.ParseConfig()
	if err != nil {
		return fmt.Errorf("config: %w", err)
	}
	return checkSame(platform, config.Platform())
}

// checkSame compares the platform of an entry with that of the config, if the config states one.
func checkSame(entry, config oci.Platform) error {
	if config.OS != "" && config.OS != entry.OS || config.Architecture != "" && config.Architecture != entry.Architecture {
		return fmt.Errorf("the config is for %s", oci.FormatPlatform(config))
	}
	return nil
}
