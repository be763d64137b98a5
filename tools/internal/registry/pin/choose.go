package pin

import (
	"fmt"
	"slices"

	"github.com/rules-strata/rules_strata/tools/internal/image/lockfile"
	"github.com/rules-strata/rules_strata/tools/internal/oci"
)

// maxDepth is how deep indexes may nest, and maxEntries how many images they may hold in all, and how many entries may have
// to be fetched to see what they are. Real ones nest once and hold some dozens.
const (
	maxDepth   = 8
	maxEntries = 1000
)

// unknown is the platform's parts that tell of an attestation: no image, but an entry beside images.
const unknown = "unknown"

// candidate is an image that may be pinned.
type candidate struct {
	platform   oci.Platform
	descriptor oci.Descriptor
	indexes    []lockfile.Document // that lead to it, the outermost first
	image      lockfile.Platform   // whose documents are empty until they are needed
}

// index lists the images of an index, which those in outer lead to.
func (s *search) index(document lockfile.Document, outer []lockfile.Document) error {
	if len(outer) == maxDepth {
		return fmt.Errorf("%s: indexes nest more than %d deep", document.Digest, maxDepth)
	}
	var index oci.Index
	if err := oci.Unmarshal(document.Text, &index); err != nil {
		return fmt.Errorf("index %s: %w", document.Digest, err)
	}
	for _, child := range index.Manifests { // before the first of them is fetched
		if oci.IsIndex(child.MediaType) || oci.IsManifest(child.MediaType) && !hasPlatform(child) {
			s.asked++
		}
	}
	if s.asked > maxEntries {
		return fmt.Errorf("index %s: more than %d entries do not say what they are for", document.Digest, maxEntries)
	}
	indexes := append(slices.Clone(outer), document)
	for _, child := range index.Manifests {
		if len(s.found) > maxEntries {
			return fmt.Errorf("index %s: more than %d images", document.Digest, maxEntries)
		}
		switch {
		case oci.IsIndex(child.MediaType):
			inner, err := s.document(child)
			if err != nil {
				return err
			}
			if err := s.index(inner, indexes); err != nil {
				return err
			}
		case oci.IsManifest(child.MediaType):
			if err := s.entry(child, indexes); err != nil {
				return err
			}
		}
	}
	return nil
}

func hasPlatform(d oci.Descriptor) bool {
	return d.Platform != nil && d.Platform.OS != "" && d.Platform.Architecture != ""
}

// entry lists an image of an index. One without a platform has to be looked into.
func (s *search) entry(d oci.Descriptor, indexes []lockfile.Document) error {
	c := &candidate{descriptor: d, indexes: indexes}
	if hasPlatform(d) {
		c.platform = *d.Platform
	} else {
		var err error
		if c.image.Manifest, err = s.document(d); err != nil {
			return err
		}
		if _, err := c.image.ParseManifest(); err != nil {
			return nil // It is no image.
		}
		if err := s.learn(c); err != nil {
			return err
		}
	}
	if c.platform.OS != unknown && c.platform.Architecture != unknown && c.platform.OS != "" {
		s.found = append(s.found, c)
	}
	return nil
}

// single lists the one image that a reference names without an index. If its config does not say what it is for, whoever
// pins it has to.
func (s *search) single(document lockfile.Document) error {
	c := &candidate{image: lockfile.Platform{Manifest: document}}
	if err := s.learn(c); err != nil {
		return err
	}
	if c.platform.OS == "" || c.platform.Architecture == "" {
		if len(s.want.Platforms) != 1 {
			return &PlatformError{
				Image: s.want.Reference.String(), Missing: []string{"any platform"},
				Known: []string{"one whose config does not say what it is for"},
			}
		}
		c.platform = s.want.Platforms[0]
	}
	s.found = []*candidate{c}
	return nil
}

// learn takes the platform from the config.
func (s *search) learn(c *candidate) error {
	if err := s.complete(c); err != nil {
		return err
	}
	config, err := c.image.ParseConfig()
	if err != nil {
		return fmt.Errorf("config %s: %w", c.image.Config.Digest, err)
	}
	c.platform = config.Platform()
	return nil
}

// choose returns the images that are wanted. Of several for one platform the first counts, as for Docker.
func (s *search) choose() ([]*candidate, error) {
	var chosen []*candidate
	add := func(c *candidate) {
		same := func(other *candidate) bool { return name(other.platform) == name(c.platform) }
		if !slices.ContainsFunc(chosen, same) {
			chosen = append(chosen, c)
		}
	}
	wanted := s.want.Platforms
	switch {
	case s.want.All, len(wanted) == 0 && len(s.found) == 1:
		for _, c := range s.found {
			add(c)
		}
	case len(wanted) == 0:
		wanted = Default
	}
	var missing []string
	for _, want := range wanted {
		if c := s.match(want); c != nil {
			add(c)
		} else {
			missing = append(missing, oci.FormatPlatform(want))
		}
	}
	if len(chosen) == 0 || len(missing) > 0 && len(s.want.Platforms) > 0 {
		if len(missing) == 0 {
			missing = []string{"any platform"}
		}
		return nil, &PlatformError{s.want.Reference.String(), missing, s.known()}
	}
	return chosen, nil
}

// match returns the first image for the platform: the variant that is implied, before any other.
func (s *search) match(want oci.Platform) *candidate {
	for _, c := range s.found {
		if oci.MatchPlatform(want, c.platform) && oci.Variant(want) == oci.Variant(c.platform) {
			return c
		}
	}
	for _, c := range s.found {
		if oci.MatchPlatform(want, c.platform) {
			return c
		}
	}
	return nil
}

// known returns the platforms that there are.
func (s *search) known() []string {
	var all []string
	for _, c := range s.found {
		if text := name(c.platform); !slices.Contains(all, text) {
			all = append(all, text)
		}
	}
	if len(all) == 0 {
		return []string{"none"}
	}
	return all
}

// name returns how a platform is called in a lock file: without a variant that amd64 and arm64 imply.
func name(p oci.Platform) string {
	implied := p
	implied.Variant = ""
	if p.Architecture != "arm" && oci.Variant(implied) == p.Variant {
		p.Variant = ""
	}
	return oci.FormatPlatform(p)
}
