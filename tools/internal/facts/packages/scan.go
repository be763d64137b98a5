package packages

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"path"
	"slices"
	"strings"

	"github.com/rules-strata/rules_strata/tools/internal/pattern"
)

const (
	// maxPackages bounds the packages of a layer. Large images have a few thousand.
	maxPackages = 100_000
	// maxFiles bounds the files with metadata: those of packages, and copyright files.
	maxFiles = 200_000
	// maxMetadata bounds a file that is read into memory, in bytes.
	maxMetadata = 16 << 20
	// maxField bounds a name, a version or a license, in bytes.
	maxField = 4 << 10
)

// Scanner collects the metadata of a layer.
type Scanner struct {
	// Scratch is the directory for temporary files, which need no cleaning up. Empty means that of the system.
	Scratch string

	files    []File
	packages int
}

// fault is an error of this machine, not of the content.
type fault struct{ error }

// A parser adds what the content of a file states to f. An error is one of the content.
type parser func(s *Scanner, f *File, size int64, content io.Reader) error

// Wants reports whether the regular file at an absolute, clean path may have metadata.
func Wants(name string) bool { return parserOf(name) != nil }

// Add reads the content of a regular file, or the beginning of it, if Wants reports true for its path. A later file replaces
// an earlier one at the same path. An error means that the content could not be read, or that the layer has more metadata
// than any real one.
func (s *Scanner) Add(name string, size int64, content io.Reader) error {
	parse := parserOf(name)
	if parse == nil {
		return nil
	}
	f := File{Path: name}
	source := &reader{r: content}
	err := parse(s, &f, size, source)
	if e := (fault{}); source.err != nil || errors.As(err, &e) {
		return fmt.Errorf("%s: %w", name, cmp.Or(source.err, e.error))
	} else if err != nil {
		f.Problem = err.Error()
	}
	if s.packages += len(f.Packages); s.packages > maxPackages {
		return fmt.Errorf("%s: more than %d packages in one layer", name, maxPackages)
	}
	if len(f.Packages) == 0 && f.Release == nil && f.Licenses == nil && f.Problem == "" && !isDatabase(name) {
		return nil
	}
	if len(s.files) == maxFiles {
		return fmt.Errorf("%s: more than %d files with metadata of packages in one layer", name, maxFiles)
	}
	s.files = append(s.files, f)
	return nil
}

// Files returns the files that have been added, sorted by their paths.
func (s *Scanner) Files() []File {
	slices.SortStableFunc(s.files, func(a, b File) int { return strings.Compare(a.Path, b.Path) })
	var last []File
	for i, f := range s.files {
		if i+1 == len(s.files) || s.files[i+1].Path != f.Path {
			last = append(last, f)
		}
	}
	return last
}

// reader tells errors of its source apart from those of a parser.
type reader struct {
	r   io.Reader
	err error
}

// Read implements io.Reader.
func (r *reader) Read(p []byte) (int, error) {
	n, err := r.r.Read(p)
	if err != nil && err != io.EOF {
		r.err = err
	}
	return n, err
}

const (
	dpkgStatus    = "/var/lib/dpkg/status"
	dpkgStatusDir = "/var/lib/dpkg/status.d/"
	docDir        = "/usr/share/doc/"
	copyrightName = "/copyright"
)

// files are the parsers of files at fixed paths.
var files = map[string]parser{
	dpkgStatus:                           dpkg,
	"/lib/apk/db/installed":              apk,
	"/usr/lib/apk/db/installed":          apk,
	"/etc/os-release":                    osRelease,
	"/usr/lib/os-release":                osRelease,
	"/var/lib/rpm/Packages":              rpm,
	"/var/lib/rpm/Packages.db":           rpm,
	"/var/lib/rpm/rpmdb.sqlite":          rpm,
	"/usr/lib/sysimage/rpm/Packages":     rpm,
	"/usr/lib/sysimage/rpm/Packages.db":  rpm,
	"/usr/lib/sysimage/rpm/rpmdb.sqlite": rpm,
	"/usr/share/rpm/rpmdb.sqlite":        rpm,
}

// moduleFile matches the metadata of an installed npm package.
var moduleFile = pattern.New(`/node_modules/(@[^/]+/)?[^/@][^/]*/package\.json$`)

// parserOf returns the parser of a file, or nil.
func parserOf(name string) parser {
	if p := files[name]; p != nil {
		return p
	}
	base := path.Base(name)
	switch {
	case strings.HasPrefix(name, dpkgStatusDir):
		if strings.HasSuffix(base, ".md5sums") {
			return nil
		}
		return dpkg
	case strings.HasPrefix(name, docDir) && strings.HasSuffix(name, copyrightName):
		return copyright
	case strings.HasSuffix(name, ".dist-info/METADATA"),
		strings.HasSuffix(name, ".egg-info/PKG-INFO"), strings.HasSuffix(name, ".egg-info"):
		return python
	case base == "package.json" && moduleFile().MatchString(name):
		return npm
	case path.Base(path.Dir(name)) == "conda-meta" && strings.HasSuffix(base, ".json"):
		return conda
	}
	switch path.Ext(base) {
	case ".jar", ".war", ".ear":
		return jar
	}
	return nil
}

// isDatabase reports whether a file lists several packages. Such a file counts even if it lists none, because it replaces the
// one in a lower layer.
func isDatabase(name string) bool { return files[name] != nil }

func rpm(*Scanner, *File, int64, io.Reader) error {
	return fmt.Errorf("an RPM database, whose packages are not read")
}

// add adds a package unless it has no name.
func (f *File) add(p Package) error {
	if p.Name == "" {
		return nil
	}
	for _, field := range append([]string{p.Namespace, p.Name, p.Version, p.Supplier}, p.Licenses...) {
		if len(field) > maxField {
			return fmt.Errorf("a field of more than %d bytes", maxField)
		}
	}
	for key, value := range p.Qualifiers {
		if value == "" {
			delete(p.Qualifiers, key)
		} else if len(value) > maxField {
			return fmt.Errorf("a field of more than %d bytes", maxField)
		}
	}
	if len(f.Packages) == maxPackages {
		return fmt.Errorf("more than %d packages", maxPackages)
	}
	f.Packages = append(f.Packages, p)
	return nil
}

// readAll reads a content of at most limit bytes.
func readAll(r io.Reader, limit int64) ([]byte, error) {
	data, err := io.ReadAll(io.LimitReader(r, limit+1))
	if err == nil && int64(len(data)) > limit {
		err = fmt.Errorf("more than %d bytes", limit)
	}
	return data, err
}
