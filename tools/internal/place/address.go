// Package place opens and writes images wherever they are: in a registry, an image layout, an archive or the outputs of a
// build.
//
// A place is one text. [ParseSource] and [ParseTarget] decide which form it has, in a way that never guesses: a text that
// could be a typing error is an error with a hint. [Opener.Open] turns a source into a [Place], which lists the images
// there and is a source of their blobs; [Writer.Write] writes an image to a target.
//
// Sources are not trusted. All blobs that a Place hands out hide the file that they are in, so that every reader of package
// content verifies them.
//
// Non-goals: images in the stores of engines (package engine), changing images (package edit).
package place

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/rules-strata/rules_strata/tools/internal/oci/digest"
	"github.com/rules-strata/rules_strata/tools/internal/oci/reference"
	"github.com/rules-strata/rules_strata/tools/internal/store/layout"
)

// Form is what kind of place an address names.
type Form int

// The forms.
const (
	Registry Form = iota // an image or an index in a repository
	Layout               // an image layout, a directory
	Archive              // an OCI archive or a docker-archive; of a source also a document of a build
)

// Stdio is the path of an archive on standard input or output.
const Stdio = "-"

// Address is a parsed place.
type Address struct {
	Form Form
	// Reference is the image of the form Registry. It has a tag, a digest or both.
	Reference reference.Reference
	// Path is the directory or the file of the other forms.
	Path string
	// Name and Digest select one of several images there. Both may be empty. Of a target, Name names the image.
	Name   string
	Digest digest.Digest
}

// String returns the place as a text that is parsed to the same address.
func (a Address) String() string {
	if a.Form == Registry {
		return a.Reference.String()
	}
	text := a.Path
	if a.Name != "" {
		text += ":" + a.Name
	}
	if a.Digest != "" {
		text += "@" + a.Digest.String()
	}
	return text
}

// advisedError is an error with advice, as package cli prints it.
type advisedError struct {
	error
	hint string
}

func (e *advisedError) Unwrap() error { return e.error }

// Hint returns the advice.
func (e *advisedError) Hint() string { return e.hint }

func advise(err error, format string, args ...any) error {
	return &advisedError{err, fmt.Sprintf(format, args...)}
}

// prefixes are the explicit forms, as in skopeo. Both kinds of archives are read alike, and an archive that is written is
// of both kinds.
var prefixes = []struct {
	text string
	form Form
}{{"docker://", Registry}, {"oci:", Layout}, {"oci-archive:", Archive}, {"docker-archive:", Archive}}

// explicit parses a place that begins with its form. ok is false for others.
func explicit(text string) (a Address, ok bool, err error) {
	for _, prefix := range prefixes {
		rest, found := strings.CutPrefix(text, prefix.text)
		if !found {
			continue
		}
		if prefix.form == Registry {
			a, err = parseReference(rest)
			return a, true, err
		}
		a, err = inFile(prefix.form, rest)
		return a, true, err
	}
	return Address{}, false, nil
}

func parseReference(text string) (Address, error) {
	ref, err := reference.Parse(text)
	return Address{Form: Registry, Reference: ref}, err
}

// inFile parses PATH, PATH:NAME or PATH@DIGEST, where PATH has no colon.
func inFile(form Form, text string) (Address, error) {
	path, selection := cutPath(text)
	if path == "" {
		return Address{}, fmt.Errorf("%q: the path is empty", text)
	}
	return selected(Address{Form: form, Path: path}, selection)
}

// cutPath cuts a text at the first ":" or "@" that is not part of a drive's name on Windows.
func cutPath(text string) (path, selection string) {
	drive := len(filepath.VolumeName(text))
	if i := strings.IndexAny(text[drive:], ":@"); i >= 0 {
		return text[:drive+i], text[drive+i:]
	}
	return text, ""
}

// selected adds a selection to an address: ":NAME", "@DIGEST" or nothing.
func selected(a Address, selection string) (Address, error) {
	var err error
	switch {
	case selection == "":
	case selection[0] == '@':
		a.Digest, err = digest.Parse(selection[1:])
	case selection == ":":
		err = errors.New("the name is empty")
	default:
		a.Name = selection[1:]
	}
	if err != nil {
		err = fmt.Errorf("%s%s: %w", a.Path, selection, err)
	}
	return a, err
}

// ParseSource parses the place of an image that exists. A path that exists wins over a name in a registry.
func ParseSource(text string) (Address, error) {
	if a, ok, err := explicit(text); ok {
		return a, err
	}
	if text == "" {
		return Address{}, errors.New("the place of the image is empty")
	}
	if text == Stdio {
		return Address{Form: Archive, Path: Stdio}, nil
	}
	if info, err := os.Stat(text); err == nil {
		if info.IsDir() {
			return Address{Form: Layout, Path: text}, checkLayout(text)
		}
		return Address{Form: Archive, Path: text}, nil
	}
	for i, c := range text {
		if c != ':' && c != '@' || i == 0 {
			continue
		}
		if form, ok := formOnDisk(text[:i]); ok {
			return selected(Address{Form: form, Path: text[:i]}, text[i:])
		}
	}
	if looksLikePath(text) {
		_, err := os.Stat(text)
		return Address{}, err
	}
	a, err := parseReference(text)
	if err != nil {
		return a, advise(err, "no file or directory has this name, so it must be a reference")
	}
	return a, nil
}

// checkLayout returns an error if a directory is not an image layout.
func checkLayout(dir string) error {
	if layout.IsLayout(dir) {
		return nil
	}
	err := fmt.Errorf("%s: the directory is %w: it has no file %q", dir, layout.ErrNotLayout, layout.MarkerFile)
	if _, refErr := reference.Parse(dir); refErr != nil {
		return err
	}
	return advise(err, "docker://%s is the image in a registry", dir)
}

// formOnDisk returns the form of a path with an image.
func formOnDisk(path string) (Form, bool) {
	info, err := os.Stat(path)
	switch {
	case err != nil:
		return 0, false
	case info.IsDir():
		return Layout, layout.IsLayout(path)
	}
	return Archive, true
}

// looksLikePath reports whether a text can only be a path.
func looksLikePath(text string) bool {
	return filepath.IsAbs(text) || strings.HasPrefix(text, "./") || strings.HasPrefix(text, "../") ||
		strings.HasSuffix(text, "/") || strings.HasSuffix(text, ".tar")
}

// packed are the ends of names that promise a compressed archive.
var packed = []string{".tar.gz", ".tgz", ".tar.zst", ".tar.xz", ".tar.bz2", ".gz", ".zst", ".xz"}

// ParseTarget parses the place for an image to write. Names in a registry must name the registry, so that a forgotten
// "./" does not become a push.
func ParseTarget(text string) (Address, error) {
	if a, ok, err := explicit(text); ok {
		if err == nil && a.Digest != "" {
			err = fmt.Errorf("%s: the digest of a target follows from the image", text)
		}
		return a, err
	}
	path, _ := cutPath(text)
	for _, end := range packed {
		if strings.HasSuffix(path, end) {
			return Address{}, advise(fmt.Errorf("%s: compressed archives are only read, not written", text),
				"name a .tar: the layers in it are compressed already")
		}
	}
	form, exists := formOnDisk(path)
	if info, err := os.Stat(path); err == nil && info.IsDir() {
		form, exists = Layout, true // it may be empty
	}
	switch {
	case exists:
	case path == Stdio || strings.HasSuffix(path, ".tar"):
		form = Archive
	case looksLikePath(path) || path == "." || path == "..":
		form = Layout
	case !namesRegistry(text):
		return Address{}, advise(fmt.Errorf("%q is neither a path nor a reference that names its registry", text),
			"./%[1]s is a layout, %[1]s.tar an archive, docker.io/%[1]s a repository", text)
	default:
		return parseReference(text)
	}
	a, err := inFile(form, text)
	if err == nil && a.Digest != "" {
		err = fmt.Errorf("%s: the digest of a target follows from the image", text)
	}
	return a, err
}

// namesRegistry reports whether a reference has a first component that can only be a registry.
func namesRegistry(text string) bool {
	first, _, found := strings.Cut(text, "/")
	return found && (strings.ContainsAny(first, ".:") || first == "localhost")
}
