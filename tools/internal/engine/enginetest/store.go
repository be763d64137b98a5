package enginetest

import (
	"archive/tar"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/rules-strata/rules_strata/tools/internal/oci"
	"github.com/rules-strata/rules_strata/tools/internal/oci/digest"
)

// engine is the program and the images that it keeps in a file.
type engine struct{ name, behaviour, namespace string }

// image is a stored image.
type image struct {
	ID, Manifest string
	Names        []string
	Diffs        []string // of its layers
	Blobs        []string // its layers, as in "blobs/sha256/HEX"
	Annotations  map[string]string
}

// file returns the path of the file with the images.
func (e engine) file() string {
	return filepath.Join(os.Getenv("FAKE_STORE"), e.name+e.namespace+".json")
}

// images returns the stored images.
func (e engine) images() []image {
	var images []image
	if data, err := os.ReadFile(e.file()); err == nil {
		json.Unmarshal(data, &images)
	}
	return images
}

// archive is the input of load.
type archive struct {
	manifests []struct {
		Config   string
		RepoTags []string
		Layers   []string
	}
	index struct {
		Manifests []struct {
			Digest      string
			Annotations map[string]string
		}
	}
	files map[string][]byte
}

// take stores the image of a docker-archive if each of its layers is in the archive or stored already.
func (e engine) take(r io.Reader) error {
	a, err := readArchive(r)
	if err != nil {
		return err
	}
	if e.behaviour == Full {
		return errors.New("image rejected")
	}
	found := a.manifests[0]
	var config struct {
		RootFS struct {
			DiffIDs []string `json:"diff_ids"`
		}
	}
	if err := json.Unmarshal(a.files[found.Config], &config); err != nil {
		return fmt.Errorf("%s: %w", found.Config, err)
	}
	root := a.index.Manifests[0]
	taken := image{
		ID: digestOf(found.Config), Manifest: root.Digest, Names: found.RepoTags, Diffs: config.RootFS.DiffIDs,
		Blobs: found.Layers, Annotations: root.Annotations,
	}
	images := e.images()
	if e.name == "ctr" {
		images = collect(unnamed(images, taken.Names))
	}
	for i, path := range taken.Blobs {
		if _, sent := a.files[path]; sent || e.takes(a) && e.holds(images, taken, i) {
			continue
		}
		if e.behaviour == Snapshotter {
			fmt.Println("Loaded image: " + taken.Names[0] + "\nError unpacking image " + taken.Names[0] + ": not found")
			return nil
		}
		return fmt.Errorf("open %s: no such file or directory", path)
	}
	if os.Getenv("FAKE_STORE") == "" {
		return nil
	}
	return e.keep(append(images, taken), "load")
}

// pull stores the image in a directory, without a name, if each of its layers is there or stored already.
func (e engine) pull(dir string) int {
	if err := e.takeDirectory(dir); err != nil {
		fmt.Fprintln(os.Stderr, "Error:", err)
		return 125
	}
	return 0
}

func (e engine) takeDirectory(dir string) error {
	if e.behaviour == BlindPull {
		return errors.New("no such directory")
	}
	if version, err := os.ReadFile(filepath.Join(dir, "version")); err != nil || string(version) != "Directory Transport Version: 1.1\n" {
		return fmt.Errorf("version %q: %w", version, err)
	}
	text, err := os.ReadFile(filepath.Join(dir, "manifest.json"))
	if err != nil {
		return err
	}
	var manifest oci.Manifest
	if err := json.Unmarshal(text, &manifest); err != nil {
		return err
	}
	var config struct{ RootFS oci.RootFS }
	text, err = os.ReadFile(filepath.Join(dir, manifest.Config.Digest.Encoded()))
	if err != nil {
		return err
	}
	if err := json.Unmarshal(text, &config); err != nil {
		return err
	}
	taken := image{ID: manifest.Config.Digest.String()}
	for _, id := range config.RootFS.DiffIDs {
		taken.Diffs = append(taken.Diffs, id.String())
	}
	images := e.images()
	for i, layer := range manifest.Layers {
		taken.Blobs = append(taken.Blobs, "blobs/sha256/"+layer.Digest.Encoded())
		found, _, err := digest.FromFile(filepath.Join(dir, layer.Digest.Encoded()))
		switch {
		case err == nil && found != layer.Digest:
			return errors.New("digest did not match")
		case err != nil && !slices.ContainsFunc(images, func(other image) bool { return slices.Contains(other.Blobs, taken.Blobs[i]) }):
			return err
		}
	}
	return e.keep(append(images, taken), "pull")
}

// takes reports whether the engine takes layers of an archive from its store: Podman does if the archive has one name.
func (e engine) takes(a *archive) bool { return e.name != "podman" || len(a.index.Manifests) == 1 }

// tag gives an image further names, which no other image has afterwards.
func (e engine) tag(name string, more []string) int {
	images := e.images()
	i := slices.IndexFunc(images, func(i image) bool { return i.ID == "sha256:"+name || slices.Contains(i.Names, name) })
	if i < 0 {
		fmt.Fprintln(os.Stderr, "Error: "+name+": image not known")
		return 125
	}
	images = unnamed(images, more)
	images[i].Names = append(images[i].Names, more...)
	if err := e.keep(images, "tag"); err != nil {
		fmt.Fprintln(os.Stderr, "Error:", err)
		return 125
	}
	return 0
}

// untag removes a name, and the image if it has no other.
func (e engine) untag(name string) int {
	if err := e.keep(collect(unnamed(e.images(), []string{name})), "untag"); err != nil {
		fmt.Fprintln(os.Stderr, "Error:", err)
		return 1
	}
	return 0
}

// unnamed returns the images without these names.
func unnamed(images []image, names []string) []image {
	for i := range images {
		images[i].Names = slices.DeleteFunc(images[i].Names, func(name string) bool { return slices.Contains(names, name) })
	}
	return images
}

// collect returns the images that have a name. containerd collects the others at any time: also before it has unpacked the
// image that took their name.
func collect(images []image) []image {
	return slices.DeleteFunc(images, func(i image) bool { return len(i.Names) == 0 })
}

// keep stores the images. A file NAME.COMMAND shows which command did it.
func (e engine) keep(images []image, command string) error {
	if err := os.WriteFile(filepath.Join(os.Getenv("FAKE_STORE"), e.name+"."+command), nil, 0o644); err != nil {
		return err
	}
	data, err := json.Marshal(images)
	if err != nil {
		return err
	}
	return os.WriteFile(e.file(), data, 0o644)
}

// holds reports whether the layer i of an image is stored: Docker compares the layers below it, too, the others the blob.
func (e engine) holds(images []image, taken image, i int) bool {
	if e.behaviour == Forgetful {
		return false
	}
	return slices.ContainsFunc(images, func(other image) bool {
		if e.name == "docker" && e.behaviour != Snapshotter {
			return len(other.Diffs) > i && slices.Equal(other.Diffs[:i+1], taken.Diffs[:i+1])
		}
		return slices.Contains(other.Blobs, taken.Blobs[i])
	})
}

func (e engine) list() int {
	for _, image := range e.images() {
		fmt.Println(e.id(image))
	}
	return 0
}

// id returns the image's id in this engine.
func (e engine) id(i image) string {
	if e.behaviour == Snapshotter || e.name == "nerdctl" {
		return i.Manifest
	}
	return i.ID
}

func (e engine) listBlobs() int {
	for _, image := range e.images() {
		for _, path := range image.Blobs {
			fmt.Println(digestOf(path))
		}
	}
	return 0
}

// inspect prints details of images. Like nerdctl's, it prints nothing if one of them is unknown.
func (e engine) inspect(names []string) int {
	infos := []any{}
	for _, name := range names {
		known := e.images()
		i := slices.IndexFunc(known, func(i image) bool { return e.id(i) == name || slices.Contains(i.Names, name) })
		if i >= 0 {
			infos = append(infos, e.info(known[i]))
		}
	}
	if len(infos) == len(names) || e.name != "nerdctl" {
		json.NewEncoder(os.Stdout).Encode(infos)
	}
	if len(infos) < len(names) {
		fmt.Fprintln(os.Stderr, "Error: no such image")
		return 1
	}
	return 0
}

func (e engine) info(i image) map[string]any {
	if e.name == "nerdctl" {
		var layers []map[string]string
		for _, path := range i.Blobs {
			layers = append(layers, map[string]string{"digest": digestOf(path)})
		}
		return map[string]any{"Manifest": map[string]any{"layers": layers}}
	}
	info := map[string]any{"Id": e.id(i), "RootFS": map[string]any{"Layers": i.Diffs}}
	if e.behaviour == Snapshotter {
		info["Descriptor"] = map[string]any{"digest": i.Manifest, "annotations": i.Annotations}
	}
	return info
}

// digestOf returns the digest of the blob at a path in an archive.
func digestOf(path string) string { return "sha256:" + strings.TrimPrefix(path, "blobs/sha256/") }

// readArchive reads a docker-archive of one image that is an OCI archive, too.
func readArchive(r io.Reader) (*archive, error) {
	a := &archive{files: make(map[string][]byte)}
	for t := tar.NewReader(r); ; {
		header, err := t.Next()
		if err == io.EOF {
			break
		}
		if err != nil {
			return nil, err
		}
		if a.files[header.Name], err = io.ReadAll(t); err != nil {
			return nil, err
		}
	}
	if _, err := io.Copy(io.Discard, r); err != nil {
		return nil, err
	}
	for name, v := range map[string]any{"manifest.json": &a.manifests, "index.json": &a.index} {
		if err := json.Unmarshal(a.files[name], v); err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
	}
	if len(a.manifests) != 1 || len(a.index.Manifests) == 0 {
		return nil, fmt.Errorf("%d images in the archive", len(a.manifests))
	}
	return a, nil
}
