package conda

import (
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/rules-strata/rules_strata/tools/internal/layer/conda/prefix"
	"github.com/rules-strata/rules_strata/tools/internal/layer/tree"
	"github.com/rules-strata/rules_strata/tools/internal/oci"
)

// oldPlaceholder is the placeholder of files for which info/has_prefix does not state one.
const oldPlaceholder = "/opt/anaconda1anaconda2anaconda3"

// The types of paths in info/paths.json and in records.
const (
	hardlink   = "hardlink" // a file
	softlink   = "softlink"
	directory  = "directory"
	entryPoint = "unix_python_entry_point"
)

// pathEntry is a path that a package installs, in the form of info/paths.json and of a record's paths_data.
type pathEntry struct {
	Path           string      `json:"_path"`
	FileMode       prefix.Mode `json:"file_mode,omitempty"`
	NoLink         bool        `json:"no_link,omitempty"`
	PathType       string      `json:"path_type,omitempty"`
	Placeholder    string      `json:"prefix_placeholder,omitempty"`
	SHA256         string      `json:"sha256,omitempty"` // as packaged
	SHA256InPrefix string      `json:"sha256_in_prefix,omitempty"`
	Size           *int64      `json:"size_in_bytes,omitempty"` // as packaged
}

// paths returns the paths that the package installs, in the order in which it lists them.
func (c *contents) paths() ([]pathEntry, error) {
	data, ok, err := c.read("paths.json")
	if err != nil {
		return nil, err
	}
	read := func() ([]pathEntry, error) { return parsePaths(data) }
	if !ok {
		read = c.oldPaths
	}
	listed, err := read()
	if err != nil {
		return nil, err
	}
	seen := make(map[string]bool, len(listed))
	all := listed[:0]
	for _, p := range listed {
		clean, err := tree.Clean(p.Path)
		if err == nil && strings.HasPrefix(p.Path, "/") {
			err = errors.New("the path is absolute")
		}
		if err == nil {
			err = p.check()
		}
		if err != nil {
			return nil, fmt.Errorf("path %q: %w", p.Path, err)
		}
		p.Path = clean[1:]
		if !seen[p.Path] && !strings.HasPrefix(clean, infoDir) {
			all = append(all, p)
		}
		seen[p.Path] = true
	}
	return all, nil
}

// check rejects properties that no file has.
func (p *pathEntry) check() error {
	sum, err := hex.DecodeString(p.SHA256)
	switch {
	case err != nil || len(sum) != 32 && len(sum) != 0 || p.SHA256 != strings.ToLower(p.SHA256):
		return fmt.Errorf("sha256 %q: expected 64 lower-case hexadecimal digits", p.SHA256)
	case p.Size != nil && *p.Size < 0:
		return fmt.Errorf("the size %d is negative", *p.Size)
	case p.Placeholder != "" && p.FileMode != prefix.Text && p.FileMode != prefix.Binary:
		return fmt.Errorf("file mode %q: expected text or binary", p.FileMode)
	}
	return nil
}

// parsePaths reads info/paths.json.
func parsePaths(data []byte) ([]pathEntry, error) {
	var list struct {
		Version json.Number `json:"paths_version"`
		Paths   []pathEntry `json:"paths"`
	}
	if err := oci.Unmarshal(data, &list); err != nil {
		return nil, fmt.Errorf("info/paths.json: %w", err)
	}
	if list.Version != "1" {
		return nil, fmt.Errorf("info/paths.json: version %q, expected 1", list.Version)
	}
	return list.Paths, nil
}

// oldPaths reads the lists of a package without info/paths.json. Files without a placeholder and a digest are all that
// such a package states.
func (c *contents) oldPaths() ([]pathEntry, error) {
	if c.info["files"] == nil {
		return nil, errors.New("not a Conda package: it has neither info/paths.json nor info/files")
	}
	files, err := c.lines("files")
	if err != nil {
		return nil, err
	}
	prefixes, err := c.oldPrefixes()
	if err != nil {
		return nil, err
	}
	unlinked := make(map[string]bool)
	for _, list := range []string{"no_link", "no_softlink"} {
		lines, err := c.lines(list)
		if err != nil {
			return nil, err
		}
		for _, line := range lines {
			unlinked[line] = true
		}
	}
	var all []pathEntry
	for _, name := range files {
		p := prefixes[name]
		p.Path, p.NoLink = name, unlinked[name]
		all = append(all, p)
	}
	return all, nil
}

// oldPrefixes reads info/has_prefix. A line is a path, or a placeholder, a mode and a path; each may be quoted.
func (c *contents) oldPrefixes() (map[string]pathEntry, error) {
	lines, err := c.lines("has_prefix")
	if err != nil {
		return nil, err
	}
	all := make(map[string]pathEntry, len(lines))
	for _, line := range lines {
		words, err := splitWords(line)
		switch {
		case err != nil:
			return nil, fmt.Errorf("info/has_prefix: %w", err)
		case len(words) == 1:
			all[words[0]] = pathEntry{Placeholder: oldPlaceholder, FileMode: prefix.Text}
		case len(words) == 3 && words[0] != "":
			all[words[2]] = pathEntry{Placeholder: words[0], FileMode: prefix.Mode(words[1])}
		default:
			return nil, fmt.Errorf("info/has_prefix: %q: expected PATH, or PLACEHOLDER MODE PATH", line)
		}
	}
	return all, nil
}

// lines returns the lines of a list, without blank ones and comments. A list that is missing is empty.
func (c *contents) lines(name string) ([]string, error) {
	data, _, err := c.read(name)
	if err != nil {
		return nil, err
	}
	var all []string
	for line := range strings.Lines(string(data)) {
		if line = strings.TrimSpace(line); line != "" && line[0] != '#' {
			all = append(all, line)
		}
	}
	return all, nil
}

// splitWords splits a line at spaces outside of quotes.
func splitWords(line string) ([]string, error) {
	var words []string
	for line = strings.TrimSpace(line); line != ""; line = strings.TrimSpace(line) {
		end := strings.IndexAny(line, " \t")
		if line[0] == '"' || line[0] == '\'' {
			length := strings.IndexByte(line[1:], line[0])
			if length < 0 {
				return nil, fmt.Errorf("%q: the quote does not end", line)
			}
			words, line = append(words, line[1:1+length]), line[length+2:]
			continue
		}
		if end < 0 {
			end = len(line)
		}
		words, line = append(words, line[:end]), line[end:]
	}
	return words, nil
}
