package archive

import (
	"context"
	"fmt"
	"strings"

	"github.com/rules-strata/rules_strata/tools/internal/oci"
	"github.com/rules-strata/rules_strata/tools/internal/oci/content"
	"github.com/rules-strata/rules_strata/tools/internal/store/layout"
)

// DockerManifestFile is the file of a docker-archive that lists its images, a JSON array of [DockerImage].
const DockerManifestFile = "manifest.json"

// DockerImage is one image of a docker-archive, as "docker save" describes it.
type DockerImage struct {
	// Config is the path of the config in the archive.
	Config string
	// RepoTags are the image's names, each with a tag. "docker save" writes null for none.
	RepoTags []string
	// Layers are the paths of the layers in the archive, the lowest first.
	Layers []string
}

// dockerManifest finds the one image that manifest.json lists. Docker 20.10 loads all that are listed, whatever they
// run on, and gives the name to the last; newer readers of docker-archives refuse more than one. So there is one.
type dockerManifest struct {
	ctx     context.Context
	src     content.Source
	options Options
	root    oci.Descriptor

	image  *DockerImage
	others []string // the platforms of images that were not wanted
}

// consider takes the image that d and its document are, if it is the first that is wanted.
func (m *dockerManifest) consider(d oci.Descriptor, document []byte) error {
	if m.image != nil || !oci.IsManifest(d.MediaType) {
		return nil
	}
	var manifest oci.Manifest
	if err := oci.Unmarshal(document, &manifest); err != nil {
		return fmt.Errorf("%s: %w", d.Digest, err)
	}
	if oci.OCIMediaType(manifest.Config.MediaType) != oci.MediaTypeConfig {
		return nil
	}
	if wanted, err := m.wanted(d, manifest.Config); err != nil || !wanted {
		return err
	}
	m.image = &DockerImage{Config: layout.BlobPath(manifest.Config.Digest), RepoTags: []string{}, Layers: []string{}}
	for _, name := range m.options.Names {
		m.image.RepoTags = append(m.image.RepoTags, name.String())
	}
	for _, layer := range manifest.Layers {
		m.image.Layers = append(m.image.Layers, layout.BlobPath(layer.Digest))
	}
	return nil
}

// wanted reports whether manifest.json may list the image that d and config describe.
func (m *dockerManifest) wanted(d, config oci.Descriptor) (bool, error) {
	if m.options.Platform == nil || !oci.IsIndex(m.root.MediaType) {
		return true, nil
	}
	platform, err := content.Platform(m.ctx, m.src, d, config)
	if err != nil {
		return false, err
	}
	m.others = append(m.others, oci.FormatPlatform(platform))
	return oci.MatchPlatform(*m.options.Platform, platform), nil
}

// encode returns the manifest.json, or nil if there is no image that Docker could load.
func (m *dockerManifest) encode() ([]byte, error) {
	if m.image != nil {
		return oci.Marshal([]DockerImage{*m.image})
	}
	if len(m.others) > 0 {
		return nil, fmt.Errorf("%s: no image for %s, there are: %s",
			m.root.Digest, oci.FormatPlatform(*m.options.Platform), strings.Join(m.others, ", "))
	}
	return nil, nil
}
