package packages

import (
	"fmt"
	"io"
	"net/url"
	"path"
	"strings"

	"github.com/rules-strata/rules_strata/tools/internal/oci"
	"github.com/rules-strata/rules_strata/tools/internal/pattern"
)

var pythonFields = set("name", "version", "license", "license-expression")

// separators are the characters that are equal in the names of Python packages (PEP 503).
var separators = pattern.New(`[-_.]+`)

// python reads the metadata of an installed distribution, a message with headers (core metadata specifications).
func python(_ *Scanner, f *File, _ int64, content io.Reader) error {
	data, err := readAll(content, maxMetadata)
	if err != nil {
		return err
	}
	text := strings.ReplaceAll(string(data), "\r\n", "\n")
	header, _, _ := strings.Cut(text, "\n\n")
	var p Package
	err = paragraphs(strings.NewReader(header), pythonFields, func(fields map[string]string) error {
		p = Package{
			Type:    "pypi",
			Name:    separators().ReplaceAllString(strings.ToLower(fields["name"]), "-"),
			Version: fields["version"],
		}
		if expression := fields["license-expression"]; expression != "" {
			p.Licenses = []string{expression}
		} else if license := fields["license"]; license != "" && license != "UNKNOWN" && isName(license) {
			p.Licenses = []string{license}
		}
		return nil
	})
	if err != nil {
		return err
	}
	if len(p.Licenses) == 0 {
		p.Licenses = classified(header)
	}
	return f.add(p)
}

// classified returns the licenses among the classifiers of a distribution.
func classified(header string) []string {
	var found []string
	for line := range strings.Lines(header) {
		if value, ok := strings.CutPrefix(line, "Classifier: License :: "); ok && len(found) < maxLicenses {
			name := strings.TrimSpace(value[strings.LastIndex(value, "::")+1:])
			if name = strings.TrimSpace(strings.TrimPrefix(name, ":")); name != "" && name != "OSI Approved" {
				found = append(found, strings.ToValidUTF8(name, "\uFFFD"))
			}
		}
	}
	return found
}

// isName reports whether a text is the name of a license, not its text.
func isName(license string) bool { return len(license) <= 200 && !strings.Contains(license, "\n") }

// npm reads the package.json of an installed package. One without a name and a version only configures a directory.
func npm(_ *Scanner, f *File, _ int64, content io.Reader) error {
	var m struct {
		Name     any `json:"name"`
		Version  any `json:"version"`
		License  any `json:"license"`
		Licenses any `json:"licenses"`
	}
	if err := decode(content, &m); err != nil {
		return err
	}
	name, _ := m.Name.(string)
	version, _ := m.Version.(string)
	if name == "" || version == "" {
		return nil
	}
	p := Package{Type: "npm", Name: name, Version: version}
	if scope, rest, ok := strings.Cut(name, "/"); ok {
		p.Namespace, p.Name = scope, rest
	}
	// Old packages have objects, or a list of them.
	licenses, _ := m.Licenses.([]any)
	for _, license := range append([]any{m.License}, licenses...) {
		if object, ok := license.(map[string]any); ok {
			license = object["type"]
		}
		if text, ok := license.(string); ok && text != "" && isName(text) && len(p.Licenses) < maxLicenses {
			p.Licenses = append(p.Licenses, text)
		}
	}
	return f.add(p)
}

// conda reads the record of an installed Conda package.
func conda(_ *Scanner, f *File, _ int64, content io.Reader) error {
	var r struct {
		Name    string `json:"name"`
		Version string `json:"version"`
		Build   string `json:"build"`
		Channel string `json:"channel"`
		Subdir  string `json:"subdir"`
		File    string `json:"fn"`
		License string `json:"license"`
	}
	if err := decode(content, &r); err != nil {
		return err
	}
	p := Package{
		Type: "conda", Name: r.Name, Version: r.Version,
		Qualifiers: map[string]string{
			"build": r.Build, "channel": channel(r.Channel, r.Subdir), "subdir": r.Subdir, "type": archiveType(r.File),
		},
	}
	if r.License != "" && isName(r.License) {
		p.Licenses = []string{r.License}
	}
	return f.add(p)
}

// channel returns the name of a channel, without its address and the directory for the platform.
func channel(address, subdir string) string {
	if u, err := url.Parse(address); err == nil && u.Host != "" {
		address = u.Path
	}
	name := strings.TrimSuffix(strings.Trim(address, "/"), "/"+subdir)
	if name == "" {
		return ""
	}
	return path.Base(name)
}

// archiveType returns the format of a Conda package by the name of its archive.
func archiveType(name string) string {
	for _, suffix := range []string{"conda", "tar.bz2"} {
		if strings.HasSuffix(name, "."+suffix) {
			return suffix
		}
	}
	return ""
}

// decode reads a JSON document, which may begin with a byte order mark.
func decode(content io.Reader, v any) error {
	data, err := readAll(content, maxMetadata)
	if err != nil {
		return err
	}
	data = []byte(strings.TrimPrefix(string(data), "\uFEFF"))
	if err := oci.Unmarshal(data, v); err != nil {
		return fmt.Errorf("invalid JSON: %w", err)
	}
	return nil
}
