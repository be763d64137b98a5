package main

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"strings"
)

// registryEntry is a module's entry in a Bazel registry, such as the Bazel Central Registry.
type registryEntry struct {
	module    string
	version   string
	file      []byte // MODULE.bazel
	presubmit []byte // how the Bazel Central Registry tests it
	overlaid  bool   // the archive has another MODULE.bazel
}

// files returns the entry's files. The templates are those of .bcr, with their variables expanded.
func (e registryEntry) files(metadata, source []byte, archive []byte) ([]file, error) {
	metadata, err := e.metadata(metadata)
	if err != nil {
		return nil, err
	}
	source, err = e.source(source, archive)
	if err != nil {
		return nil, err
	}
	dir := "registry/modules/" + e.module + "/"
	versioned := dir + e.version + "/"
	files := []file{
		{name: dir + "metadata.json", content: metadata},
		{name: versioned + "MODULE.bazel", content: e.file},
		{name: versioned + "presubmit.yml", content: e.presubmit},
		{name: versioned + "source.json", content: source},
	}
	if e.overlaid {
		files = append(files, file{name: versioned + "overlay/MODULE.bazel", content: e.file})
	}
	return files, nil
}

// metadata adds the version to those of the template.
func (e registryEntry) metadata(template []byte) ([]byte, error) {
	return edit(template, ".bcr/metadata.template.json", func(fields map[string]any) {
		fields["versions"] = []string{e.version}
	})
}

// source adds what is known only now: the hash of the archive, and of what is put over it.
func (e registryEntry) source(template, archive []byte) ([]byte, error) {
	return edit(template, ".bcr/source.template.json", func(fields map[string]any) {
		fields["integrity"] = integrity(archive)
		if e.overlaid {
			fields["overlay"] = map[string]string{"MODULE.bazel": integrity(e.file)}
		}
	})
}

// edit changes the fields of a JSON object.
func edit(template []byte, name string, change func(map[string]any)) ([]byte, error) {
	var fields map[string]any
	if err := json.Unmarshal(template, &fields); err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	change(fields)
	return marshal(fields)
}

// integrity is a hash as web pages and Bazel write it.
func integrity(content []byte) string {
	sum := sha256.Sum256(content)
	return "sha256-" + base64.StdEncoding.EncodeToString(sum[:])
}

// expand replaces the variables of a template in .bcr, which are those that the registry's own publishing app knows.
func (r release) expand(template []byte) []byte {
	return []byte(strings.NewReplacer(
		"{OWNER}", r.owner,
		"{REPO}", r.repo,
		"{TAG}", r.tag(),
		"{VERSION}", r.version,
	).Replace(string(template)))
}
