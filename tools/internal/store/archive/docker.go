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

// dockerManifest returns the manifest.json that lists the first image that each root reaches, or nil if Docker cannot load
// any. It lists only one image of an index: Docker 20.10 loads all listed images, whatever their platform, and gives the
// name to the last one; newer readers of docker-archives reject more than one unless a name chooses it.
func dockerManifest(ctx context.Context, src content.Source, roots []layout.Image) ([]byte, error) {
	var all []DockerImage
	for _, root := range roots {
		images, err := content.Images(ctx, src, root.Root)
		if err != nil {
			return nil, err
		}
		if len(images) > 0 {
			all = append(all, dockerImage(images[0].Manifest, root.Names))
		}
	}
	if len(all) == 0 {
		return nil, nil
	}
	return oci.Marshal(all)
}

func dockerImage(manifest oci.Manifest, names []reference.Reference) DockerImage {
	image := DockerImage{Config: layout.BlobPath(manifest.Config.Digest), RepoTags: []string{}, Layers: []string{}}
	for _, name := range names {
		image.RepoTags = append(image.RepoTags, name.String())
	}
	for _, layer := range manifest.Layers {
		image.Layers = append(image.Layers, layout.BlobPath(layer.Digest))
	}
	return image
}
