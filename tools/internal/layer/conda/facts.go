package conda

import (
	"fmt"
	"io"
	"net/url"
	"os"

	"github.com/rules-strata/rules_strata/tools/internal/atomicfile"
	"github.com/rules-strata/rules_strata/tools/internal/oci"
)

// Facts describes an installed package, for the environment.
type Facts struct {
	Name        string `json:"name"`
	Version     string `json:"version"`
	Build       string `json:"build"`
	BuildNumber int64  `json:"build_number"`
	Subdir      string `json:"subdir"`
	Noarch      string `json:"noarch,omitempty"`
	License     string `json:"license,omitempty"`
	PURL        string `json:"purl"`
	URL         string `json:"url"`
	SHA256      string `json:"sha256"`
	Size        int64  `json:"size"`
	// Paths are the installed paths, sorted, but not the directories that exist only for them.
	Paths []Path `json:"paths"`
	// Variables are those of files in etc/conda/env_vars.d and of conda-meta/state, by the path of the file.
	Variables map[string]map[string]string `json:"variables,omitempty"`
	// Activation are the shell scripts that an activation runs.
	Activation []string `json:"activation,omitempty"`
	// LinkScripts are the shell scripts that conda runs when it installs or removes the package.
	LinkScripts []string `json:"link_scripts,omitempty"`
}

// The types of installed paths.
const (
	TypeFile      = "file"
	TypeLink      = "link"
	TypeDirectory = "directory"
)

// Path is an installed path.
type Path struct {
	Path   string `json:"path"` // relative to the prefix
	Type   string `json:"type"` // file, link or directory
	SHA256 string `json:"sha256,omitempty"`
	Target string `json:"target,omitempty"`
	Mode   uint32 `json:"mode,omitempty"` // permission bits
}

// document is a file of facts: those of the packages in one layer.
type document struct {
	Packages []Facts `json:"packages"`
}

// WriteFacts writes the facts of the packages in a layer, in their order.
func WriteFacts(path string, all []Facts) error {
	data, err := oci.Marshal(document{all})
	if err != nil {
		return err
	}
	return atomicfile.Write(path, data)
}

// maxFacts bounds a file of facts, in bytes. A path takes about 200.
const maxFacts = 1 << 30

// ReadFacts reads what WriteFacts wrote.
func ReadFacts(path string) ([]Facts, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	data, err := io.ReadAll(io.LimitReader(file, maxFacts+1))
	if err != nil {
		return nil, err
	}
	var d document
	if len(data) > maxFacts {
		err = fmt.Errorf("more than %d bytes", maxFacts)
	} else {
		err = oci.Unmarshal(data, &d)
	}
	if err != nil {
		return nil, fmt.Errorf("%s: not facts of Conda packages: %w", path, err)
	}
	return d.Packages, nil
}

// purl returns the package URL (purl-spec, type conda).
func (i *installer) purl() string {
	x := &i.index
	_, channel, _ := cutLast(i.origin.channel, "/")
	qualifiers := url.Values{
		"build": {x.Build}, "channel": {channel}, "subdir": {i.origin.subdir}, "type": {i.origin.kind},
	}
	return "pkg:conda/" + url.PathEscape(x.Name) + "@" + url.PathEscape(x.Version) + "?" + qualifiers.Encode()
}
