package deb

import (
	"crypto/md5" // the digest that dpkg keeps of configuration files; nothing relies on it for security
	"errors"
	"fmt"
	"io"
	"path"
	"strings"

	"github.com/rules-strata/rules_strata/tools/internal/layer/tree"
	"github.com/rules-strata/rules_strata/tools/internal/pattern"
)

// statusDir is the directory for the paragraphs.
const statusDir = "/var/lib/dpkg/status.d/"

// maxControl bounds the files of control.tar that are read into memory, in bytes.
const maxControl = 16 << 20

// unknownSum is what dpkg writes instead of a digest for a configuration file that the package does not contain: some
// packages list such files.
const unknownSum = "newconffile"

// maxLinks is the maximum number of symlinks in the path of a configuration file, as in Linux.
const maxLinks = 40

// scripts are the scripts that dpkg and debconf would run, in the order of installing and removing a package.
var scripts = []string{"config", "preinst", "postinst", "prerm", "postrm"}

// packageName matches the names of packages (Debian Policy, section 5.6.7).
var packageName = pattern.New(`^[a-z0-9][a-z0-9+.-]+$`)

// fieldName matches the names of fields (Debian Policy, section 5.1), except those that a reader could confuse with
// another field.
var fieldName = pattern.New(`^[!"$-,.-9;-~][!-9;-~]*$`)

// titlePart matches a version without its epoch, and an architecture.
var titlePart = pattern.New(`^[0-9A-Za-z.+~-]{1,200}$`)

// newStatus returns the entries that record the package's installation: its paragraph and its list of MD5 digests. It also returns
// the package's title.
func newStatus(control, data []*tree.Entry) (entries []*tree.Entry, title string, err error) {
	files := make(map[string]tree.Content)
	for _, e := range control {
		if e.Kind == tree.File {
			files[e.Path[1:]] = e.Content
		}
	}
	paragraph, err := read(files, "control")
	if err != nil {
		return nil, "", err
	}
	name, rest, err := splitParagraph(paragraph)
	if err != nil {
		return nil, "", fmt.Errorf("control: %w", err)
	}
	text := "Package: " + name + "\nStatus: install ok installed\n" + rest
	listed, err := conffiles(files, data)
	if err != nil {
		return nil, "", fmt.Errorf("conffiles: %w", err)
	}
	text += listed + scriptsField(files)
	entries = []*tree.Entry{newFile(name, text)}
	if sums, ok := files["md5sums"]; ok {
		e := newFile(name+".md5sums", "")
		e.Content = sums
		entries = append(entries, e)
	}
	return entries, titleOf(name, rest), nil
}

// titleOf returns a package's title. It leaves out what the fields lack.
func titleOf(name, fields string) string {
	title := name
	for _, field := range []string{"Version", "Architecture"} {
		for line := range strings.Lines(fields) {
			key, value, _ := strings.Cut(line, ":")
			if field == "Version" {
				value = value[strings.IndexByte(value, ':')+1:]
			}
			if value = strings.TrimSpace(value); strings.EqualFold(key, field) && titlePart().MatchString(value) {
				title += "_" + value
			}
		}
	}
	return title + ".deb"
}

func newFile(name, text string) *tree.Entry {
	return &tree.Entry{Path: statusDir + name, Mode: tree.Perm(0o644), Content: content(text)}
}

// content is a content in memory.
type content string

// Open implements tree.Content.
func (c content) Open() (io.ReadCloser, int64, error) {
	return io.NopCloser(strings.NewReader(string(c))), int64(len(c)), nil
}

// read returns a file of control.tar.
func read(files map[string]tree.Content, name string) (string, error) {
	c, ok := files[name]
	switch {
	case !ok:
		return "", fmt.Errorf("control.tar has no file %s", name)
	case c == nil:
		return "", nil
	}
	r, size, err := c.Open()
	if err != nil {
		return "", err
	}
	defer r.Close()
	if size > maxControl {
		return "", fmt.Errorf("%s has %d bytes, the limit is %d", name, size, maxControl)
	}
	data, err := io.ReadAll(r)
	return string(data), err
}

// splitParagraph returns the package's name, and its other fields, each of which ends with a line feed.
func splitParagraph(text string) (name, rest string, err error) {
	if text = strings.Trim(text, "\n"); text != "" {
		text += "\n"
	}
	var b strings.Builder
	seen := make(map[string]bool)
	field := "" // the field of the previous line
	for line := range strings.Lines(text) {
		key, value, _ := strings.Cut(line, ":")
		continues := line[0] == ' ' || line[0] == '\t'
		switch {
		case strings.TrimSpace(line) == "":
			return "", "", errors.New("more than one paragraph")
		case strings.HasPrefix(line, "#"):
			continue
		case continues && field != "" && field != "package":
		case continues && field != "":
			return "", "", errors.New("the field Package has several lines")
		case !fieldName().MatchString(key):
			return "", "", fmt.Errorf("%q is not a field", strings.TrimSpace(line))
		case seen[strings.ToLower(key)]:
			return "", "", fmt.Errorf("the field %s occurs twice", key)
		case strings.EqualFold(key, "Status") || strings.EqualFold(key, "Conffiles"):
			return "", "", fmt.Errorf("a package must not have the field %s", key)
		default:
			field = strings.ToLower(key)
			seen[field] = true
		}
		if field == "package" {
			name = strings.TrimSpace(value)
			continue
		}
		b.WriteString(line)
	}
	if !packageName().MatchString(name) {
		return "", "", fmt.Errorf("%q is not a valid package name", name)
	}
	return name, b.String(), nil
}

// conffiles returns the field Conffiles, which lists the package's configuration files with their MD5 digests, or "" if
// there are none.
func conffiles(files map[string]tree.Content, data []*tree.Entry) (string, error) {
	if files["conffiles"] == nil {
		return "", nil
	}
	text, err := read(files, "conffiles")
	if err != nil {
		return "", err
	}
	shipped := make(map[string]*tree.Entry)
	for _, e := range data {
		shipped[e.Path] = e
	}
	var b strings.Builder
	for line := range strings.Lines(text) {
		name := strings.TrimRight(line, " \t\r\n")
		if !strings.HasPrefix(name, "/") {
			continue // an empty line, or a flag: "remove-on-upgrade PATH" is not a file of this version
		}
		sum := unknownSum
		if e := fileAt(shipped, name); e != nil {
			md5, err := digest(e.Content)
			if err != nil {
				return "", err
			}
			sum = fmt.Sprintf("%x", md5)
		} else if _, err := tree.Clean(name); err != nil {
			return "", fmt.Errorf("%q: %w", name, err)
		}
		fmt.Fprintf(&b, " %s %s\n", name, sum)
	}
	if b.Len() == 0 {
		return "", nil
	}
	return "Conffiles:\n" + b.String(), nil
}

// fileAt returns the file at a path, or nil if the package has none there. It follows symlinks at the path itself, as
// dpkg does for digests.
func fileAt(shipped map[string]*tree.Entry, at string) *tree.Entry {
	for range maxLinks {
		e := shipped[at]
		switch {
		case e == nil:
			return nil
		case e.Kind == tree.File:
			return e
		case e.Kind != tree.Symlink:
			return nil
		case path.IsAbs(e.Target):
			at = path.Clean(e.Target)
		default:
			at = path.Join(path.Dir(at), e.Target)
		}
	}
	return nil
}

func digest(c tree.Content) ([]byte, error) {
	h := md5.New()
	if c == nil {
		return h.Sum(nil), nil
	}
	r, _, err := c.Open()
	if err != nil {
		return nil, err
	}
	defer r.Close()
	_, err = io.Copy(h, r)
	return h.Sum(nil), err
}

// scriptsField returns a field that lists the maintainer scripts, which were not run, or "" if there are none.
func scriptsField(files map[string]tree.Content) string {
	var found []string
	for _, name := range scripts {
		if _, ok := files[name]; ok {
			found = append(found, name)
		}
	}
	if len(found) == 0 {
		return ""
	}
	return "X-Scripts-Not-Run: " + strings.Join(found, " ") + "\n"
}
