package check

import (
	"context"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"

	"github.com/rules-strata/rules_strata/tools/internal/oci"
	"github.com/rules-strata/rules_strata/tools/internal/oci/content"
	"github.com/rules-strata/rules_strata/tools/internal/oci/digest"
	"github.com/rules-strata/rules_strata/tools/internal/pattern"
)

// The names in an image layout ("image-layout.md").
const (
	layoutMarker  = "oci-layout"
	layoutIndex   = "index.json"
	layoutBlobs   = "blobs"
	layoutVersion = "1.0.0"

	algorithmDir = layoutBlobs + "/sha256"
	blobPrefix   = algorithmDir + "/"
)

var (
	hexForm = pattern.New(`^[0-9a-f]{64}$`)
	// refNameForm is the grammar of org.opencontainers.image.ref.name ("annotations.md").
	refNameForm = pattern.New(`^` + refNamePart + `(/` + refNamePart + `)*$`)
	// nameForm is a name with a tag, as Docker writes them.
	nameForm = pattern.New(`^([A-Za-z0-9][A-Za-z0-9.-]*(:\d+)?/)?` + namePart + `(/` + namePart + `)*` +
		`:[A-Za-z0-9_][A-Za-z0-9._-]{0,127}$`)
)

const (
	refNamePart = `[A-Za-z0-9]+(([-._:@+]|--)[A-Za-z0-9]+)*`
	namePart    = `[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*`
)

// containerdName is the annotation in which containerd and Docker look for an image's full name.
const containerdName = "io.containerd.image.name"

// Layout checks the image layout directory dir and everything reachable from its index.json, and that it contains nothing
// else. It returns an error if dir cannot be read.
func Layout(ctx context.Context, dir string, o Options) (Report, error) {
	s := store{}
	in := newInspector(ctx, s, o)
	if err := in.scanDir(s, dir, ""); err != nil {
		return Report{}, err
	}
	in.layout(s)
	return in.report()
}

// store contains the files of a layout by their slash-separated paths. It is a source of blobs.
type store map[string]opener

// opener opens a file.
type opener func() (io.ReadCloser, error)

// Open implements content.Source.
func (s store) Open(_ context.Context, d oci.Descriptor) (io.ReadCloser, error) {
	open, ok := s[blobPrefix+d.Digest.Encoded()]
	if !ok {
		return nil, fmt.Errorf("%s: %w", d.Digest, content.ErrNotFound)
	}
	return open()
}

// scanDir adds the files of the layout's directory name to s, and reports files that do not belong there.
func (in *inspector) scanDir(s store, root, name string) error {
	list, err := os.ReadDir(filepath.Join(root, filepath.FromSlash(name)))
	if err != nil {
		return err
	}
	for _, item := range list {
		path := filepath.Join(root, filepath.FromSlash(name), item.Name())
		child := item.Name()
		if name != "" {
			child = name + "/" + child
		}
		mode := item.Type()
		if info, err := os.Stat(path); err == nil && in.opts.FollowSymlinks {
			mode = info.Mode().Type()
		}
		switch {
		case !mode.IsRegular() && !mode.IsDir():
			in.add(child, ruleLayoutFile, "neither a regular file nor a directory")
		case !in.belongs(child, mode.IsDir()):
		case mode.IsDir():
			if err := in.scanDir(s, root, child); err != nil {
				return err
			}
		default:
			s[child] = func() (io.ReadCloser, error) { return os.Open(path) }
		}
	}
	return nil
}

// belongs reports whether a layout may have a file or directory of the name, and otherwise reports a violation.
func (in *inspector) belongs(name string, isDir bool) bool {
	var ok bool
	switch name {
	case layoutBlobs, algorithmDir:
		ok = isDir
	case layoutMarker, layoutIndex:
		ok = !isDir
	default:
		dir, base := split(name)
		ok = !isDir && dir == algorithmDir && hexForm().MatchString(base)
	}
	if !ok {
		in.add(name, ruleLayoutName, "a layout must not contain a file or directory of this name")
	}
	return ok
}

// layout checks the files in s as a layout.
func (in *inspector) layout(s store) {
	if o, ok := in.layoutFile(s, layoutMarker); ok {
		o.keys(markerKeys)
		if version, ok := o.text("imageLayoutVersion", required); ok && version != layoutVersion {
			o.add("imageLayoutVersion", ruleLayoutVersion, "%q, it must be %q", version, layoutVersion)
		}
	}
	if o, ok := in.layoutFile(s, layoutIndex); ok {
		in.head(o, oci.MediaTypeIndex)
		for _, d := range in.index(o, "", 0) {
			in.names(d)
		}
	}
	if !in.lost {
		in.orphans(s)
	}
}

// orphans reports unreferenced blobs.
func (in *inspector) orphans(s store) {
	for _, name := range slices.Sorted(maps.Keys(s)) {
		if dir, base := split(name); dir == algorithmDir {
			if _, ok := in.met[digest.Digest("sha256:"+base)]; !ok {
				in.add(name, ruleLayoutOrphan, "no document refers to this blob")
			}
		}
	}
}

// layoutFile parses one of the JSON files of a layout that are not blobs.
func (in *inspector) layoutFile(s store, name string) (object, bool) {
	data, ok := in.readFile(s, name)
	if !ok {
		return object{}, in.lose()
	}
	return in.parse(name, data)
}

// readFile reads a JSON file of a layout that is not a blob.
func (in *inspector) readFile(s store, name string) ([]byte, bool) {
	open, ok := s[name]
	if !ok {
		in.add(name, ruleLayoutMissing, "the file is missing")
		return nil, false
	}
	r, err := open()
	if err != nil {
		in.add(name, ruleBlobRead, "%v", err)
		return nil, false
	}
	defer r.Close()
	data, err := io.ReadAll(io.LimitReader(r, content.MaxDocument+1))
	switch {
	case err != nil:
		in.add(name, ruleBlobRead, "%v", err)
		return nil, false
	case len(data) > content.MaxDocument:
		in.add(name, ruleDocumentLimit, "more than %d bytes", content.MaxDocument)
		return nil, false
	}
	return data, true
}

// names checks the annotations that name an image of a layout.
func (in *inspector) names(d oci.Descriptor) {
	for _, annotation := range []struct {
		key  string
		form func() *regexp.Regexp
	}{
		{"org.opencontainers.image.ref.name", refNameForm},
		{containerdName, nameForm},
	} {
		if name, ok := d.Annotations[annotation.key]; ok && !annotation.form().MatchString(name) {
			in.add(layoutIndex, ruleLayoutRefName, "%s: the annotation %s is %q, which is not a reference",
				d.Digest, annotation.key, name)
		}
	}
}
