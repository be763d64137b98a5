// Sbom checks software bills of materials with programs of others.
//
// Usage: sbom FILE...
//
// Each document must be valid by the JSON schema of its format, SPDX 2.3 or CycloneDX 1.6, and the Go library of the format must
// read it. Sbom prints the package URLs of each document, sorted, one a line. The exit code is 1 if any document is refused.
//
// The schemas come with Go modules, which the go command fetches and verifies: that of CycloneDX with its library, that of SPDX
// with the scanner syft. It is a separate module, so that these dependencies are not those of the tools.
package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"

	"github.com/CycloneDX/cyclonedx-go"
	"github.com/santhosh-tekuri/jsonschema/v6"
	spdxjson "github.com/spdx/tools-golang/json"
)

func main() {
	if len(os.Args) < 2 {
		fmt.Fprintln(os.Stderr, "usage: sbom FILE...")
		os.Exit(2)
	}
	code := 0
	for _, path := range os.Args[1:] {
		data, err := os.ReadFile(path)
		if err == nil {
			var purls []string
			if purls, err = check(data); err == nil {
				fmt.Println(strings.Join(purls, "\n"))
			}
		}
		if err != nil {
			fmt.Fprintf(os.Stderr, "%s: %v\n", path, err)
			code = 1
		}
	}
	os.Exit(code)
}

// check returns the package URLs of a document, sorted.
func check(data []byte) ([]string, error) {
	var kind struct {
		SPDX      string `json:"spdxVersion"`
		CycloneDX string `json:"bomFormat"`
	}
	if err := json.Unmarshal(data, &kind); err != nil {
		return nil, err
	}
	var purls []string
	var err error
	switch {
	case kind.SPDX == "SPDX-2.3":
		if err = validate(data, spdxSchema); err == nil {
			purls, err = readSPDX(data)
		}
	case kind.CycloneDX == "CycloneDX":
		if err = validate(data, cycloneDXSchema); err == nil {
			purls, err = readCycloneDX(data)
		}
	default:
		err = errors.New("neither SPDX 2.3 nor CycloneDX")
	}
	slices.Sort(purls)
	return purls, err
}

// A schema is a file of a Go module, and further files of it that the schema refers to.
type schema struct {
	module, dir, main string
	more              map[string]string // URL -> file
}

var (
	cycloneDXSchema = schema{"github.com/CycloneDX/cyclonedx-go@v0.12.0", "schema", "bom-1.6.schema.json", map[string]string{
		"http://cyclonedx.org/schema/spdx.schema.json":     "spdx.schema.json",
		"http://cyclonedx.org/schema/jsf-0.82.schema.json": "jsf-0.82.schemax.json",
	}}
	spdxSchema = schema{"github.com/anchore/syft@v1.57.0", "schema/spdx-json", "spdx-schema-2.3.json", nil}
)

// directory returns the directory of the schema, which the go command fetches if it has to.
func (s schema) directory() (string, error) {
	cmd := exec.Command("go", "mod", "download", "-json", s.module)
	cmd.Dir = os.TempDir() // outside of any module
	out, err := cmd.Output()
	var module struct{ Dir, Error string }
	if json.Unmarshal(out, &module); module.Error != "" {
		return "", errors.New(module.Error)
	}
	return filepath.Join(module.Dir, s.dir), err
}

func validate(data []byte, s schema) error {
	dir, err := s.directory()
	if err != nil {
		return err
	}
	compiler := jsonschema.NewCompiler()
	for url, name := range s.more {
		text, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			return err
		}
		parsed, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
		if err != nil {
			return err
		}
		if err := compiler.AddResource(url, parsed); err != nil {
			return err
		}
	}
	compiled, err := compiler.Compile(filepath.Join(dir, s.main))
	if err != nil {
		return err
	}
	document, err := jsonschema.UnmarshalJSON(bytes.NewReader(data))
	if err != nil {
		return err
	}
	return compiled.Validate(document)
}

func readSPDX(data []byte) ([]string, error) {
	doc, err := spdxjson.Read(bytes.NewReader(data))
	if err != nil {
		return nil, err
	}
	ids := map[string]bool{"DOCUMENT": true}
	var purls []string
	for _, p := range doc.Packages {
		if ids[string(p.PackageSPDXIdentifier)] {
			return nil, fmt.Errorf("two packages have the identifier %s", p.PackageSPDXIdentifier)
		}
		ids[string(p.PackageSPDXIdentifier)] = true
		for _, reference := range p.PackageExternalReferences {
			purls = append(purls, reference.Locator)
		}
	}
	for _, r := range doc.Relationships {
		for _, id := range []string{string(r.RefA.ElementRefID), string(r.RefB.ElementRefID)} {
			if !ids[id] {
				return nil, fmt.Errorf("a relationship refers to %q, which does not exist", id)
			}
		}
	}
	return purls, nil
}

func readCycloneDX(data []byte) ([]string, error) {
	var doc cyclonedx.BOM
	if err := cyclonedx.NewBOMDecoder(bytes.NewReader(data), cyclonedx.BOMFileFormatJSON).Decode(&doc); err != nil {
		return nil, err
	}
	refs := map[string]bool{doc.Metadata.Component.BOMRef: true}
	purls := []string{doc.Metadata.Component.PackageURL}
	for _, c := range *doc.Components {
		if refs[c.BOMRef] {
			return nil, fmt.Errorf("two components have the reference %s", c.BOMRef)
		}
		refs[c.BOMRef] = true
		purls = append(purls, c.PackageURL)
	}
	for _, d := range *doc.Dependencies {
		for _, ref := range append([]string{d.Ref}, deref(d.Dependencies)...) {
			if !refs[ref] {
				return nil, fmt.Errorf("a dependency refers to %q, which does not exist", ref)
			}
		}
	}
	for _, c := range deref(doc.Compositions) {
		for _, ref := range deref(c.Assemblies) {
			if !refs[string(ref)] {
				return nil, fmt.Errorf("a composition refers to %q, which does not exist", ref)
			}
		}
	}
	return purls, nil
}

// deref returns a slice that may be missing.
func deref[T any](s *[]T) []T {
	if s == nil {
		return nil
	}
	return *s
}
