package packages

import (
	"bufio"
	"io"
	"slices"
	"strconv"
	"strings"
)

var dpkgFields = set("package", "status", "version", "architecture", "source", "maintainer")

// dpkg reads the status file of dpkg, or one in status.d, which has a single paragraph and may lack the status.
func dpkg(_ *Scanner, f *File, _ int64, content io.Reader) error {
	return paragraphs(content, dpkgFields, func(fields map[string]string) error {
		state := strings.Fields(fields["status"])
		if len(state) == 3 && (state[2] == "not-installed" || state[2] == "config-files") {
			return nil
		}
		return f.add(Package{
			Type:    "deb",
			Name:    fields["package"],
			Version: fields["version"],
			Qualifiers: map[string]string{
				"arch":     fields["architecture"],
				"upstream": upstream(fields["source"]),
			},
			Supplier: fields["maintainer"],
		})
	})
}

// upstream returns the source package, "NAME" or "NAME (VERSION)", as vulnerability scanners expect it in a package URL.
func upstream(source string) string {
	name, version, ok := strings.Cut(source, " (")
	if !ok {
		return source
	}
	return name + "@" + strings.TrimSuffix(version, ")")
}

var copyrightFields = set("format", "license")

// copyright reads the names of licenses in a copyright file in the machine-readable format of Debian. Other copyright files
// are prose.
func copyright(_ *Scanner, f *File, size int64, content io.Reader) error {
	if size > maxMetadata {
		return nil
	}
	first := true
	names := make(map[string]bool)
	paragraphs(content, copyrightFields, func(fields map[string]string) error {
		if first && fields["format"] == "" {
			return io.EOF // prose
		}
		first = false
		// The first line is the short name; the text follows.
		name, _, _ := strings.Cut(fields["license"], "\n")
		if name != "" && len(name) <= maxField && len(names) < maxLicenses {
			names[name] = true
		}
		return nil
	}) // An error is one of prose.
	for name := range names {
		f.Licenses = append(f.Licenses, name)
	}
	slices.Sort(f.Licenses)
	return nil
}

// maxLicenses bounds the licenses of one package.
const maxLicenses = 100

// apk reads the database of Alpine's package manager: paragraphs of lines "KEY:VALUE", where keys are case-sensitive letters.
func apk(_ *Scanner, f *File, _ int64, content io.Reader) error {
	lines := bufio.NewScanner(content)
	lines.Buffer(nil, maxLine)
	fields := make(map[byte]string)
	flush := func() error {
		p := Package{
			Type:    "apk",
			Name:    fields['P'],
			Version: fields['V'],
			Qualifiers: map[string]string{
				"arch":     fields['A'],
				"upstream": fields['o'],
			},
			Supplier: fields['m'],
		}
		if fields['L'] != "" {
			p.Licenses = []string{fields['L']}
		}
		if fields['o'] == fields['P'] {
			delete(p.Qualifiers, "upstream")
		}
		clear(fields)
		return f.add(p)
	}
	for lines.Scan() {
		line := strings.ToValidUTF8(lines.Text(), "\uFFFD")
		if line == "" {
			if err := flush(); err != nil {
				return err
			}
		} else if len(line) > 2 && line[1] == ':' && strings.IndexByte("PVAoLm", line[0]) >= 0 {
			fields[line[0]] = line[2:]
		}
	}
	if lines.Err() != nil {
		return lines.Err()
	}
	return flush()
}

// osRelease reads os-release(5).
func osRelease(_ *Scanner, f *File, _ int64, content io.Reader) error {
	data, err := readAll(content, 64<<10)
	if err != nil {
		return err
	}
	values := make(map[string]string)
	for line := range strings.Lines(strings.ToValidUTF8(string(data), "\uFFFD")) {
		key, value, ok := strings.Cut(strings.TrimSpace(line), "=")
		if !ok || strings.HasPrefix(key, "#") {
			continue
		}
		if unquoted, err := strconv.Unquote(value); err == nil {
			value = unquoted
		}
		values[key] = strings.Trim(value, "'")
	}
	if id := values["ID"]; id != "" && len(id)+len(values["VERSION_ID"]) <= maxField {
		f.Release = &Release{id, values["VERSION_ID"]}
	}
	return nil
}
