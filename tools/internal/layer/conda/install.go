package conda

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/rules-strata/rules_strata/tools/internal/layer/tree"
)

// errNoPython is returned for a package of Python code in an environment without Python.
var errNoPython = errors.New("a noarch package of Python code, but the environment has no Python")

// Install returns what the package adds to an environment. url is where the package comes from.
func (p *Package) Install(to Target, url string) (Installed, error) {
	i := installer{Package: p, to: to}
	if err := i.install(url); err != nil {
		return Installed{}, fmt.Errorf("%s: %w", p.name, err)
	}
	return i.result, nil
}

// installer installs one package.
type installer struct {
	*Package
	to     Target
	index  index
	origin origin
	python *Python // of the environment, if the package is one of Python code

	paths  []pathEntry // of the record
	result Installed
}

func (i *installer) install(url string) error {
	var err error
	if i.origin, err = parseURL(url); err != nil {
		return err
	}
	if i.index, err = i.contents.index(); err != nil {
		return err
	}
	if i.index.stem() != i.origin.stem {
		return fmt.Errorf("the package is %s, but its URL is %s", i.index.stem(), i.origin.url)
	}
	link, err := i.contents.link()
	if err != nil {
		return err
	}
	if i.index.noarch = cmp.Or(i.index.noarch, link.noarch); i.index.noarch == "python" {
		if i.to.Python == nil {
			return errNoPython
		}
		i.python = i.to.Python
	}
	listed, err := i.contents.paths()
	if err != nil {
		return err
	}
	for _, p := range listed {
		if err := i.add(p); err != nil {
			return fmt.Errorf("%s: %w", p.Path, err)
		}
	}
	if i.python != nil {
		for _, point := range link.points {
			if err := i.addProgram(point); err != nil {
				return err
			}
		}
	}
	return i.finish()
}

// add adds a path that the package lists. Its kind is the archive's: some packages list a symlink that is a file.
func (i *installer) add(listed pathEntry) error {
	place := listed.Path
	if i.python != nil {
		place = i.python.place(place)
	}
	from := i.payload["/"+listed.Path]
	if from == nil {
		if listed.PathType == directory {
			from = &tree.Entry{Kind: tree.Dir}
		} else {
			return errors.New("the package lists the path, but does not contain it")
		}
	}
	e := tree.Entry{
		Path: i.path(place), Kind: from.Kind, ModTime: time.Unix(from.ModTime.Unix(), 0), Inode: from.Inode,
		Content: from.Content, Origin: i.name + ":" + listed.Path,
	}
	fact := Path{Path: place}
	switch from.Kind {
	case tree.File:
		e.Mode = tree.Perm(from.Mode.Bits() &^ maskedModes)
		if listed.PathType == softlink {
			listed.SHA256, listed.Size = "", nil // those of what the symlink would lead to
		}
		listed.PathType = hardlink
		if err := i.file(&e, &listed); err != nil {
			return err
		}
		fact.Type, fact.SHA256, fact.Mode = TypeFile, listed.SHA256InPrefix, e.Mode.Bits()
	case tree.Symlink:
		if from.Target == "" {
			return errors.New("a symlink without a target, which conda cannot install either; " +
				"take another build of the package, or its .tar.bz2")
		}
		e.Target, e.Mode = from.Target, tree.Perm(0o777)
		listed.PathType, listed.SHA256InPrefix = softlink, ""
		fact.Type, fact.Target = TypeLink, from.Target
	case tree.Dir:
		e.Mode, e.ModTime = tree.Perm(0o755), time.Time{}
		listed.PathType, listed.SHA256InPrefix = directory, ""
		fact.Type, fact.Mode = TypeDirectory, e.Mode.Bits()
	default:
		return fmt.Errorf("a %s, expected a file, a symlink or a directory", from.Kind)
	}
	i.put(e, fact, listed)
	return nil
}

// maskedModes are the permission bits that installed files do not have: those that the usual umask clears, and those
// that change who a program runs as.
const maskedModes = 0o7022

// path returns the path in the image of a path in the prefix.
func (i *installer) path(place string) string { return path.Join(i.to.Prefix, place) }

// put adds an entry, with its description for the environment and for the record.
func (i *installer) put(e tree.Entry, fact Path, listed pathEntry) {
	i.result.Entries = append(i.result.Entries, &e)
	i.result.Facts.Paths = append(i.result.Facts.Paths, fact)
	i.paths = append(i.paths, listed)
}

// addProgram adds an entry point.
func (i *installer) addProgram(p program) error {
	text := p.text(i.path("bin/python" + i.python.Version))
	place := "bin/" + p.command
	sum, size := sha256Text([]byte(text)), int64(len(text))
	i.put(tree.Entry{
		Path: i.path(place), Mode: tree.Perm(0o755), Content: inMemory(text), Origin: i.name + ": entry point " + p.command,
	}, Path{
		Path: place, Type: TypeFile, SHA256: sum, Mode: 0o755,
	}, pathEntry{
		Path: place, PathType: entryPoint, SHA256InPrefix: sum, Size: &size,
	})
	return nil
}

// finish adds the record, and completes the facts.
func (i *installer) finish() error {
	f := &i.result.Facts
	sum := <-i.sum
	i.sum <- sum // for another call
	if sum.err != nil {
		return sum.err
	}
	x := &i.index
	f.Name, f.Version, f.Build, f.BuildNumber = x.Name, x.Version, x.Build, x.BuildNumber
	f.Subdir, f.Noarch, f.License = i.origin.subdir, x.noarch, x.License
	f.URL, f.SHA256, f.Size = i.origin.url, sum.sum, i.size
	f.PURL = i.purl()
	if err := i.addActivation(); err != nil {
		return err
	}
	record, err := i.record()
	if err != nil {
		return err
	}
	place := "conda-meta/" + x.stem() + ".json"
	if slices.ContainsFunc(f.Paths, func(p Path) bool { return p.Path == place }) {
		return fmt.Errorf("%s: the package contains its own record, which conda makes", place)
	}
	i.put(tree.Entry{
		Path: i.path(place), Mode: tree.Perm(0o644), Content: inMemory(record), Origin: i.name + ": record",
	}, Path{Path: place, Type: TypeFile, SHA256: sha256Text(record), Mode: 0o644}, pathEntry{})
	slices.SortFunc(f.Paths, func(a, b Path) int { return strings.Compare(a.Path, b.Path) })
	return nil
}

// inMemory is a content in memory.
type inMemory []byte

// Open implements tree.Content.
func (c inMemory) Open() (io.ReadCloser, int64, error) {
	return io.NopCloser(bytes.NewReader(c)), int64(len(c)), nil
}

func sha256Text(data []byte) string {
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:])
}
