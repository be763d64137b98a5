package archive

import (
	"context"

	"github.com/rules-strata/rules_strata/tools/internal/oci"
	"github.com/rules-strata/rules_strata/tools/internal/oci/content"
	"github.com/rules-strata/rules_strata/tools/internal/oci/reference"
	"github.com/rules-strata/rules_strata/tools/internal/store/layout"
)

// DockerManifestFile is the file of a docker-archive that lists its images, a JSON array of [DockerImage].
const DockerManifestFile = "manifest.json"

// DockerImage is one image of a docker-archive, as "docker save" describes it.
type DockerImage struct {
	// Config is the path of the config in the archive.
	Config string
	// RepoTags are the image's names, each with a tag. "docker save" writes null if there are none.
	RepoTags []string
	// Layers are the paths of the layers in the archive, the lowest first.
	Layers []string
}

// dockerManifest returns the manifest.json that lists the first image that root reaches, or nil if Docker cannot load any.
// It lists only one image: Docker 20.10 loads all listed images, whatever their platform, and gives the name to the last
// one; newer readers of docker-archives reject more than one.
func dockerManifest(
	ctx context.Context, src content.Source, root oci.Descriptor, names []reference.Reference,
) ([]byte, error) {
	images, err := content.Images(ctx, src, root)
	if err != nil || len(images) == 0 {
		return nil, err
	}
	manifest := images[0].Manifest
	image := DockerImage{Config: layout.BlobPath(manifest.Config.Digest), RepoTags: []string{}, Layers: []string{}}
	for _, name := range names {
		image.RepoTags = append(image.RepoTags, name.String())
	}
	for _, layer := range manifest.Layers {
		image.Layers = append(image.Layers, layout.BlobPath(layer.Digest))
	}
	return oci.Marshal([]DockerImage{image})
}
