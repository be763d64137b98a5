package main

import (
	"bytes"
	"cmp"
	"fmt"
	"regexp"
	"slices"
)

// release is a version of rules_strata with the commit that it is made from.
type release struct {
	moduleFile
	source      sources
	owner, repo string // of the repository on GitHub
}

// repository finds the GitHub repository in go.mod.
var repository = regexp.MustCompile(`\Amodule github\.com/([^/\s]+)/([^/\s]+)\n`)

func newRelease(source sources) (release, error) {
	text, err := source.read("MODULE.bazel")
	if err != nil {
		return release{}, err
	}
	module, err := parseModule(text)
	if err != nil {
		return release{}, err
	}
	goMod, err := source.read("go.mod")
	if err != nil {
		return release{}, err
	}
	names := repository.FindSubmatch(goMod)
	if names == nil {
		return release{}, fmt.Errorf("go.mod: the module path is not that of a GitHub repository")
	}
	return release{moduleFile: module, source: source, owner: string(names[1]), repo: string(names[2])}, nil
}

func (r release) tag() string { return "v" + r.version }

// checkTag fails if tag is the tag of another version. An empty tag is none.
func (r release) checkTag(tag string) error {
	if tag != "" && tag != r.tag() {
		return fmt.Errorf("tag %s: the version in MODULE.bazel is %s, whose tag is %s", tag, r.version, r.tag())
	}
	return nil
}

// downloads is the URL below which the release's files are published.
func (r release) downloads() string {
	return fmt.Sprintf("https://github.com/%s/%s/releases/download/%s", r.owner, r.repo, r.tag())
}

// files returns everything that the release consists of.
func (r release) files(tools []toolArchive) ([]file, error) {
	lock, err := lockTools(r.downloads(), tools)
	if err != nil {
		return nil, err
	}
	content, err := r.moduleFiles(lock)
	if err != nil {
		return nil, err
	}
	archive, err := tarGzip("rules_strata-"+r.version+"/", content)
	if err != nil {
		return nil, err
	}
	uploads := []file{
		{name: "rules_strata-" + r.tag() + ".tar.gz", content: archive},
		{name: "tools.lock.json", content: lock},
	}
	for _, a := range tools {
		uploads = append(uploads, file{name: a.name(), content: a.content})
	}
	uploads = append(uploads, checksums(uploads))
	entries, err := r.registry(archive)
	if err != nil {
		return nil, err
	}
	notes, err := r.notes()
	if err != nil {
		return nil, err
	}
	return slices.Concat(uploads, entries, notes), nil
}

// moduleFiles returns what is in the module archive: the commit, where MODULE.bazel is that of the rules alone and
// tools.lock.json names the prebuilt tools.
func (r release) moduleFiles(lock []byte) (sources, error) {
	return r.source.replaced(map[string][]byte{"MODULE.bazel": r.rules, "tools.lock.json": lock})
}

// checksums lists the files in the format of the program sha256sum.
func checksums(files []file) file {
	files = slices.SortedFunc(slices.Values(files), func(a, b file) int { return cmp.Compare(a.name, b.name) })
	var lines bytes.Buffer
	for _, f := range files {
		fmt.Fprintf(&lines, "%s  %s\n", hexSum(f.content), f.name)
	}
	return file{name: "SHA256SUMS", content: lines.Bytes()}
}

// registry returns the entries of both modules. They share the archive, in which rules_strata_source finds its sources.
func (r release) registry(archive []byte) ([]file, error) {
	templates := map[string][]byte{}
	for _, name := range []string{"metadata.template.json", "presubmit.yml", "source.presubmit.yml", "source.template.json"} {
		content, err := r.source.read(".bcr/" + name)
		if err != nil {
			return nil, err
		}
		templates[name] = r.expand(content)
	}
	rules := registryEntry{
		module:    "rules_strata",
		version:   r.version,
		file:      r.rules,
		presubmit: templates["presubmit.yml"],
	}
	source := registryEntry{
		module:    "rules_strata_source",
		version:   r.version,
		file:      r.moduleFile.source,
		presubmit: templates["source.presubmit.yml"],
		overlaid:  true,
	}
	var files []file
	for _, entry := range []registryEntry{rules, source} {
		more, err := entry.files(templates["metadata.template.json"], templates["source.template.json"], archive)
		if err != nil {
			return nil, err
		}
		files = append(files, more...)
	}
	return files, nil
}

func (r release) notes() ([]file, error) {
	changelog, err := r.source.read("CHANGELOG.md")
	if err != nil {
		return nil, err
	}
	notes, err := releaseNotes(string(changelog), r.version)
	return []file{{name: "release-notes.md", content: []byte(notes)}}, err
}
