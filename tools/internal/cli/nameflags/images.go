package nameflags

import (
	"flag"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"github.com/rules-strata/rules_strata/tools/internal/cli"
	"github.com/rules-strata/rules_strata/tools/internal/cli/stamp"
	"github.com/rules-strata/rules_strata/tools/internal/oci/digest"
	"github.com/rules-strata/rules_strata/tools/internal/oci/reference"
	"github.com/rules-strata/rules_strata/tools/internal/oci/wire"
	"github.com/rules-strata/rules_strata/tools/internal/store/layout"
)

// maxNames is the size of the largest file with names, in bytes.
const maxNames = 1 << 20

// Images are the values of the flags that name one image or several.
type Images struct {
	// Stable rejects variables that are not stable, because the names become part of an action's output.
	Stable bool

	set                          *flag.FlagSet
	names, files, images, status cli.Strings
}

// DeclareImages declares --name, --name-file, --image and --status.
func DeclareImages(set *flag.FlagSet) *Images {
	f := &Images{set: set}
	set.Var(&f.names, "name", "`reference` that names the image of --root, \":latest\" if it has no tag")
	set.Var(&f.files, "name-file", "`file` with names for the image of --root, one per line")
	set.Var(&f.images, "image",
		"`name=descriptor`: one of several images, instead of --root: its name, and the file with its descriptor;\n"+
			"an image may be repeated with another name")
	set.Var(&f.status, "status", "workspace status `file`, whose variables can be used in names as {{NAME}}")
	return f
}

// Resolve expands the names and reads the descriptors of the images. They are the one whose descriptor is in the file
// root, the value of --root, or those of --image, each image once with all of its names.
func (f *Images) Resolve(root string) ([]layout.Image, error) {
	variables, err := scope(f.status, f.Stable)
	if err != nil {
		return nil, err
	}
	if len(f.images) > 0 {
		if err := f.checkSeveral(root); err != nil {
			return nil, err
		}
		return f.several(variables)
	}
	if root == "" {
		return nil, cli.Require(f.set, "root")
	}
	image := layout.Image{}
	if image.Names, err = f.own(variables); err != nil {
		return nil, err
	}
	image.Root, err = wire.ReadDescriptor(root)
	return []layout.Image{image}, err
}

// checkSeveral rejects flags that are for one image.
func (f *Images) checkSeveral(root string) error {
	switch {
	case root != "":
		return cli.Usage("--root and --image are both set")
	case len(f.names) > 0:
		return cli.Hint(cli.Usage("--name=%s: not allowed with --image, which names each image", f.names[0]),
			"run the target of one of the images to give it another name")
	case len(f.files) > 0:
		return cli.Usage("--name-file=%s: not allowed with --image, which names each image", f.files[0])
	}
	return nil
}

// own returns the names of the one image.
func (f *Images) own(variables stamp.Scope) ([]reference.Reference, error) {
	var names []reference.Reference
	add := func(origin, text string) error {
		name, err := parseName(variables, origin, text)
		if err == nil && !slices.Contains(names, name) {
			names = append(names, name)
		}
		return err
	}
	for _, text := range f.names {
		if err := add(fmt.Sprintf("--name %q", text), text); err != nil {
			return nil, err
		}
	}
	for _, file := range f.files {
		text, err := readNames(file)
		if err != nil {
			return nil, err
		}
		for line := range strings.Lines(text) {
			if line = strings.TrimSpace(line); line == "" {
				continue
			}
			if err := add(file, line); err != nil {
				return nil, err
			}
		}
	}
	return names, nil
}

// readNames reads a file of --name-file.
func readNames(path string) (string, error) {
	f, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, maxNames+1))
	if err != nil {
		return "", err
	}
	if len(data) > maxNames {
		return "", fmt.Errorf("%s: larger than %d bytes", path, maxNames)
	}
	return string(data), nil
}

// several returns the images of --image.
func (f *Images) several(variables stamp.Scope) ([]layout.Image, error) {
	var all []layout.Image
	owners := make(map[reference.Reference]digest.Digest)
	for _, pair := range f.images {
		text, file, err := cli.SplitPair(pair)
		if err != nil {
			return nil, cli.Usage("--image: %w", err)
		}
		name, err := parseName(variables, fmt.Sprintf("--image %q", text), text)
		if err != nil {
			return nil, err
		}
		root, err := wire.ReadDescriptor(file)
		if err != nil {
			return nil, err
		}
		owner, taken := owners[name]
		if taken && owner != root.Digest {
			return nil, cli.Usage("--image %q: %s is the name of two images, %s and %s", text, name, owner, root.Digest)
		}
		owners[name] = root.Digest
		i := slices.IndexFunc(all, func(image layout.Image) bool { return image.Root.Digest == root.Digest })
		if i < 0 {
			i, all = len(all), append(all, layout.Image{Root: root})
		}
		if !taken {
			all[i].Names = append(all[i].Names, name)
		}
	}
	return all, nil
}

// parseName returns the name in text, with variables expanded.
func parseName(variables stamp.Scope, origin, text string) (reference.Reference, error) {
	text, err := expand(variables, origin, text)
	if err != nil {
		return reference.Reference{}, err
	}
	name, err := reference.Parse(text)
	if err != nil {
		return reference.Reference{}, cli.Usage("%s: %w", origin, err)
	}
	if name.Digest != "" {
		return reference.Reference{}, cli.Usage("%s: image name %q: expected a tag, not a digest", origin, text)
	}
	return name, nil
}
