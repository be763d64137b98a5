package check

import (
	"context"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"github.com/rules-strata/rules_strata/tools/internal/check/internal/strictjson"
	"github.com/rules-strata/rules_strata/tools/internal/check/rawtar"
	"github.com/rules-strata/rules_strata/tools/internal/oci/digest"
)

const (
	// dockerManifest is the file that makes an archive readable for "docker load".
	dockerManifest = "manifest.json"
	// archivePlace is the place of violations in the archive's tar.
	archivePlace = "archive"
)

// Archive checks the tar at path, an image layout that may also contain the manifest.json of "docker save", and everything
// reachable from both. It returns an error if the file cannot be read. A compressed archive is not decompressed, so it is
// not a tar.
func Archive(ctx context.Context, path string, o Options) (Report, error) {
	f, err := os.Open(path)
	if err != nil {
		return Report{}, err
	}
	defer f.Close()
	s := store{}
	in := newInspector(ctx, s, o)
	if err := in.scanArchive(s, f); err != nil {
		return Report{}, err
	}
	in.layout(s)
	if _, ok := s[dockerManifest]; ok {
		in.dockerManifest(s)
	}
	return in.report()
}

// scanArchive adds the files of the tar f to s.
func (in *inspector) scanArchive(s store, f *os.File) error {
	report := func(entry, rule, text string) {
		place := archivePlace
		if entry != "" {
			place += entryMark + entry
		}
		in.add(place, rule, "%s", text)
	}
	seen := newEntries(report)
	for tar := rawtar.NewReader(f, report); ; {
		h, err := tar.Next()
		switch {
		case err == io.EOF, err == rawtar.ErrBroken:
			return nil
		case err != nil:
			return err
		case in.ctx.Err() != nil:
			return in.ctx.Err()
		case !seen.afford(h.Name):
			return nil
		}
		if path, ok := seen.file(h); ok && path != dockerManifest && !in.belongs(path, h.Type == rawtar.TypeDir) {
			continue
		} else if ok && h.Type == rawtar.TypeRegular {
			offset, size := tar.Offset(), h.Size
			s[path] = func() (io.ReadCloser, error) { return io.NopCloser(io.NewSectionReader(f, offset, size)), nil }
		}
	}
}

// file checks the next entry of an archive, where order and parents do not matter, and returns the path of a new one.
func (e *entries) file(h rawtar.Header) (string, bool) {
	if h.Type != rawtar.TypeRegular && h.Type != rawtar.TypeDir {
		e.report(h.Name, ruleEntryType,
			fmt.Sprintf("the type %q is not allowed: an archive may contain only files and directories", h.Type))
		return "", false
	}
	path, problem := cleanName(h.Name, h.Type)
	if problem != "" {
		e.report(h.Name, ruleEntryName, problem)
		return "", false
	}
	if _, ok := e.types[path]; ok {
		e.report(h.Name, ruleEntryDuplicate, "the path occurs twice")
		return "", false
	}
	e.types[path] = h.Type
	return path, true
}

// dockerManifest checks manifest.json and compares it with the OCI manifests.
func (in *inspector) dockerManifest(s store) {
	data, ok := in.readFile(s, dockerManifest)
	if !ok {
		return
	}
	value, ok := strictjson.Parse(data, func(rule, text string) { in.add(dockerManifest, rule, "%s", text) })
	if !ok {
		return
	}
	whole := object{in: in, where: dockerManifest, fields: map[string]any{"": value}}
	images, _ := whole.objects("", required)
	tags := make(map[string]bool)
	for _, image := range images {
		image.keys(dockerImageKeys)
		in.repoTags(image, tags)
		in.dockerImage(s, image)
	}
}

// repoTags checks the names of an image.
func (in *inspector) repoTags(image object, seen map[string]bool) {
	image.nullOK = true // "docker save" of an image without a name
	for _, tag := range image.texts("RepoTags", optional) {
		switch {
		case !nameForm().MatchString(tag):
			image.add("RepoTags", ruleDockerRepoTag, "%q is not a name with a tag", tag)
		case seen[tag]:
			image.add("RepoTags", ruleDockerRepoTag, "%q occurs twice", tag)
		}
		seen[tag] = true
	}
}

// dockerImage checks that the files of an image exist and belong to an OCI manifest.
func (in *inspector) dockerImage(s store, image object) {
	config, ok := image.text("Config", required)
	if ok && s[config] == nil {
		image.add("Config", ruleDockerPath, "no file %q in the archive", config)
	}
	layers := image.texts("Layers", required)
	for _, layer := range layers {
		if s[layer] == nil {
			image.add("Layers", ruleDockerPath, "no file %q in the archive", layer)
		}
	}
	for _, facts := range in.images {
		if blobPath(facts.config) == config && slices.EqualFunc(facts.layers, layers, samePath) {
			return
		}
	}
	image.add("", ruleDockerAgreement, "no OCI manifest has the config %q and the layers %s",
		config, strings.Join(layers, ", "))
}

func samePath(d digest.Digest, path string) bool { return blobPath(d) == path }

// blobPath returns the path of a blob in a layout, or "" for an unknown digest.
func blobPath(d digest.Digest) string {
	if d == "" {
		return ""
	}
	return blobPrefix + d.Encoded()
}
