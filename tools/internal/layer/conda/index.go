package conda

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"path"
	"strings"

	"github.com/rules-strata/rules_strata/tools/internal/layer/tree"
	"github.com/rules-strata/rules_strata/tools/internal/oci"
	"github.com/rules-strata/rules_strata/tools/internal/pattern"
)

// index is info/index.json, which describes a package.
type index struct {
	Name         string `json:"name"`
	Version      string `json:"version"`
	Build        string `json:"build"`
	BuildNumber  int64  `json:"build_number"`
	Subdir       string `json:"subdir"`
	Platform     string `json:"platform"` // in old packages, instead of Subdir
	License      string `json:"license"`
	SitePackages string `json:"python_site_packages_path"`

	fields map[string]json.RawMessage
	noarch string // "", "generic" or "python"
}

// namePart matches a name, a version or a build string. They are parts of a file's name.
var namePart = pattern.New(`^[A-Za-z0-9_.!+~-]+$`)

// index reads info/index.json.
func (c *contents) index() (index, error) {
	data, ok, err := c.read("index.json")
	if err == nil && !ok {
		err = errors.New("not a Conda package: it has no info/index.json")
	}
	var x index
	if err == nil {
		err = x.parse(data)
	}
	return x, err
}

func (x *index) parse(data []byte) error {
	err := oci.Unmarshal(data, x)
	if err == nil {
		err = oci.Unmarshal(data, &x.fields)
	}
	if err != nil {
		return fmt.Errorf("info/index.json: %w", err)
	}
	maps.DeleteFunc(x.fields, func(_ string, value json.RawMessage) bool { return string(value) == "null" })
	for field, value := range map[string]string{"name": x.Name, "version": x.Version, "build": x.Build} {
		if !namePart().MatchString(value) || strings.HasPrefix(value, ".") {
			return fmt.Errorf("info/index.json: %s %q is not part of a package's name", field, value)
		}
	}
	x.noarch, err = noarchKind(x.fields["noarch"])
	if err != nil {
		return fmt.Errorf("info/index.json: %w", err)
	}
	if x.Platform != "" && x.Platform != "linux" || x.Subdir != "" && !subdirName().MatchString(x.Subdir) {
		system := strings.TrimSpace(x.Subdir + " " + x.Platform)
		return fmt.Errorf("a package for %s: only packages for Linux, and noarch ones, can be in an image", system)
	}
	return nil
}

// stem returns the package's file name without the extension.
func (x *index) stem() string { return x.Name + "-" + x.Version + "-" + x.Build }

// noarchKind reads a value of noarch: "python", "generic", in old packages true, or nothing.
func noarchKind(value json.RawMessage) (string, error) {
	switch text := string(bytes.TrimSpace(value)); text {
	case "", "null", "false", `""`:
		return "", nil
	case `"python"`:
		return "python", nil
	case `"generic"`, "true":
		return "generic", nil
	default:
		return "", fmt.Errorf("noarch %s: expected generic or python", text)
	}
}

// shortVersion matches the first two numbers of a version.
var shortVersion = pattern.New(`^(?:[0-9]+!)?([0-9]+\.[0-9]+)(?:[^0-9]|$)`)

// ReadPython describes the Python in the package at path to other packages. scratch is a directory for unpacked bytes, which
// need no cleaning up.
func ReadPython(ctx context.Context, path, scratch string) (Python, error) {
	p, err := open(ctx, path, scratch, false)
	if err != nil {
		return Python{}, err
	}
	defer p.Close()
	python, err := p.python()
	if err != nil {
		return Python{}, fmt.Errorf("%s: %w", path, err)
	}
	return python, nil
}

func (c *contents) python() (Python, error) {
	x, err := c.index()
	if err != nil {
		return Python{}, err
	}
	version := shortVersion().FindStringSubmatch(x.Version)
	if x.Name != "python" || version == nil {
		return Python{}, fmt.Errorf("the package is %s %s, expected python", x.Name, x.Version)
	}
	python := Python{Version: version[1], SitePackages: "lib/python" + version[1] + "/site-packages"}
	if x.SitePackages != "" {
		python.SitePackages = x.SitePackages
	}
	if err := python.Check(); err != nil {
		return Python{}, fmt.Errorf("info/index.json: %w", err)
	}
	return python, nil
}

// Check rejects values that no Python has.
func (p Python) Check() error {
	if version := shortVersion().FindStringSubmatch(p.Version); version == nil || version[1] != p.Version {
		return fmt.Errorf("Python version %q: expected two numbers, such as 3.11", p.Version)
	}
	clean, err := tree.Clean(p.SitePackages)
	if err == nil && clean != "/"+p.SitePackages {
		err = errors.New("expected a clean path relative to the prefix")
	}
	if err != nil {
		return fmt.Errorf("site-packages path %q: %w", p.SitePackages, err)
	}
	return nil
}

// place returns where a path of a package is installed, relative to the prefix.
func (p *Python) place(name string) string {
	if rest, ok := strings.CutPrefix(name, "site-packages/"); ok {
		return path.Join(p.SitePackages, rest)
	}
	if rest, ok := strings.CutPrefix(name, "python-scripts/"); ok {
		return path.Join("bin", rest)
	}
	return name
}
