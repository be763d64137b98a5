package importer

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"

	"github.com/rules-strata/rules_strata/tools/internal/layer/decompress"
	"github.com/rules-strata/rules_strata/tools/internal/oci"
	"github.com/rules-strata/rules_strata/tools/internal/oci/content"
	"github.com/rules-strata/rules_strata/tools/internal/oci/digest"
	"github.com/rules-strata/rules_strata/tools/internal/pattern"
	"github.com/rules-strata/rules_strata/tools/internal/store/archive"
	"github.com/rules-strata/rules_strata/tools/internal/store/layout"
)

// configName matches the name of a config in a docker-archive that promises its digest.
var configName = pattern.New(`^([0-9a-f]{64})(?:\.json)?$`)

// listDocker lists the images of a docker-archive.
func listDocker(fsys fs.FS) ([]candidate, error) {
	data, err := layout.ReadFile(fsys, archive.DockerManifestFile)
	if err != nil {
		return nil, err
	}
	var described []archive.DockerImage
	if err := oci.Unmarshal(data, &described); err != nil {
		return nil, fmt.Errorf("%s: %w", archive.DockerManifestFile, err)
	}
	var images []candidate
	for _, image := range described {
		c, err := newDockerImage(fsys, image)
		if err != nil {
			return nil, fmt.Errorf("config %q: %w", image.Config, err)
		}
		id := digest.FromBytes(c.data)
		images = append(images, candidate{id: id, names: image.RepoTags, platform: c.Platform(), load: c.load})
	}
	return images, nil
}

// dockerImage is an image of a docker-archive: a config, and the paths of layers.
type dockerImage struct {
	config
	data   []byte // the config's bytes
	fsys   fs.FS
	layers []string                 // paths
	blobs  map[digest.Digest]string // the layers' paths by digest
}

func newDockerImage(fsys fs.FS, described archive.DockerImage) (*dockerImage, error) {
	data, err := readEntry(fsys, described.Config)
	if err != nil {
		return nil, err
	}
	if m := configName().FindStringSubmatch(path.Base(described.Config)); m != nil {
		if got := digest.FromBytes(data); got.Encoded() != m[1] {
			return nil, fmt.Errorf("content has the digest %s", got)
		}
	}
	c, err := parseConfig(data, len(described.Layers))
	if err != nil {
		return nil, err
	}
	return &dockerImage{config: c, data: data, fsys: fsys, layers: described.Layers}, nil
}

func readEntry(fsys fs.FS, name string) ([]byte, error) {
	data, err := layout.ReadFile(fsys, path.Clean(name))
	if errors.Is(err, fs.ErrNotExist) {
		// The importer treats a missing manifest.json as a different kind of file; no other error may look like that.
		return nil, content.ErrNotFound
	}
	return data, err
}

// load makes the manifest. The layers of a docker-archive are normally uncompressed tars, whose digests are the config's
// diff_ids and are verified when the layers are read; a compressed layer is read at once to compute its digest.
func (i *dockerImage) load(ctx context.Context) (*Image, error) {
	i.blobs = make(map[digest.Digest]string)
	manifest := oci.Manifest{
		Versioned: oci.SchemaVersion,
		MediaType: oci.MediaTypeManifest,
		Config:    oci.Descriptor{MediaType: oci.MediaTypeConfig, Digest: digest.FromBytes(i.data), Size: int64(len(i.data))},
		Layers:    []oci.Descriptor{},
	}
	for n, name := range i.layers {
		d, err := i.describe(ctx, name, i.RootFS.DiffIDs[n])
		if err != nil {
			return nil, fmt.Errorf("layer %d of %d: %q: %w", n+1, len(i.layers), name, err)
		}
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		i.blobs[d.Digest] = name
		manifest.Layers = append(manifest.Layers, d)
	}
	data, err := oci.Marshal(manifest)
	if err != nil {
		return nil, err
	}
	return &Image{
		Descriptor: oci.Descriptor{
			MediaType: manifest.MediaType,
			Digest:    digest.FromBytes(data),
			Size:      int64(len(data)),
			Platform:  platform(i.Platform()),
		},
		Manifest: data,
		Config:   i.data,
		Layers:   manifest.Layers,
		source:   i,
	}, nil
}

// describe returns the descriptor of the layer in the file name, whose uncompressed tar should have the digest diffID.
func (i *dockerImage) describe(ctx context.Context, name string, diffID digest.Digest) (oci.Descriptor, error) {
	f, err := i.open(name)
	if err != nil {
		return oci.Descriptor{}, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return oci.Descriptor{}, err
	}
	packed := digest.NewWriter()
	in := io.TeeReader(f, packed)
	tar, compression, err := decompress.NewReader(ctx, in, info.Size())
	if err != nil {
		return oci.Descriptor{}, err
	}
	defer tar.Close()
	d := oci.Descriptor{MediaType: compression.MediaType(), Digest: diffID, Size: info.Size()}
	switch compression {
	case oci.Uncompressed:
		return d, nil
	case oci.Gzip, oci.Zstd:
		if err := checkDiffID(tar, diffID); err != nil {
			return oci.Descriptor{}, err
		}
		d.Digest = packed.Digest() // of the whole file: no data follows the compressed stream
		return d, nil
	}
	return oci.Descriptor{}, fmt.Errorf("compressed with %s, which image layers do not support", compression)
}

// checkDiffID reads a tar, whose digest must be the one in the config.
func checkDiffID(tar io.Reader, want digest.Digest) error {
	got, _, err := digest.FromReader(tar)
	if err == nil && got != want {
		err = fmt.Errorf("the uncompressed tar has the digest %s, the config requires %s", got, want)
	}
	return err
}

func (i *dockerImage) open(name string) (fs.File, error) {
	f, err := i.fsys.Open(path.Clean(name))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, content.ErrNotFound
	}
	return f, err
}

// Open implements content.Source.
func (i *dockerImage) Open(_ context.Context, d oci.Descriptor) (io.ReadCloser, error) {
	name, ok := i.blobs[d.Digest]
	if !ok {
		return nil, fmt.Errorf("%s: %w", d.Digest, content.ErrNotFound)
	}
	return i.open(name)
}
