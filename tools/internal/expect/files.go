package expect

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"path"
	"regexp"
	"slices"
	"strings"

	"github.com/rules-strata/rules_strata/tools/internal/expect/structure"
	"github.com/rules-strata/rules_strata/tools/internal/layer/tree"
	"github.com/rules-strata/rules_strata/tools/internal/rootfs"
)

// maxContent is the size of the largest file that is searched, in bytes.
const maxContent = 256 << 20

// exists runs a test of a path. Symlinks on the way are followed, one at the end is not.
func (r *run) exists(test structure.Existence) {
	result := r.start(test.Line, "fileExistence", test.Name)
	p := r.expand(test.Path)
	entry, err := r.image.Files.Find(p, false)
	switch {
	case err != nil && test.Exists:
		result.add("%s", explain(p, err))
	case err == nil && !test.Exists:
		result.add("%s exists: %s", p, origin(entry))
	}
	if err != nil || !test.Exists {
		return
	}
	mode := modeOf(entry.File)
	if test.Permissions != "" && mode.String() != test.Permissions {
		result.add("%s: the permissions are %s, expected %s", p, mode, test.Permissions)
	}
	bits := map[string]fs.FileMode{"owner": 0o100, "group": 0o010, "other": 0o001, "any": 0o111}
	if who := test.ExecutableBy; who != "" && mode&bits[who] == 0 {
		result.add("%s: the permissions are %s, so it is not executable by %s", p, mode, who)
	}
	if test.UID >= 0 && entry.File.UID != uint32(test.UID) {
		result.add("%s: the owner is %d, expected %d", p, entry.File.UID, test.UID)
	}
	if test.GID >= 0 && entry.File.GID != uint32(test.GID) {
		result.add("%s: the group is %d, expected %d", p, entry.File.GID, test.GID)
	}
}

// explain describes why a path leads nowhere.
func explain(p string, err error) string {
	if errors.Is(err, fs.ErrNotExist) {
		return p + " does not exist"
	}
	return err.Error()
}

// origin describes a file for messages.
func origin(e rootfs.Entry) string { return e.File.Kind.String() + " " + e.Path }

// modeOf returns the mode in the form that tests state, that of [fs.FileMode].
func modeOf(f *rootfs.File) fs.FileMode {
	mode := fs.FileMode(f.Mode & 0o777)
	for bit, flag := range map[uint32]fs.FileMode{0o4000: fs.ModeSetuid, 0o2000: fs.ModeSetgid, 0o1000: fs.ModeSticky} {
		if f.Mode&bit != 0 {
			mode |= flag
		}
	}
	switch f.Kind {
	case tree.Dir:
		mode |= fs.ModeDir
	case tree.Symlink:
		mode |= fs.ModeSymlink
	case tree.CharDevice:
		mode |= fs.ModeDevice | fs.ModeCharDevice
	case tree.BlockDevice:
		mode |= fs.ModeDevice
	case tree.FIFO:
		mode |= fs.ModeNamedPipe
	}
	return mode
}

// reader reads the contents of files in one pass over the layers.
type reader struct {
	files   *rootfs.FileSystem
	pending map[*rootfs.File][]func(text []byte)
}

func newReader(i *Image) *reader { return &reader{i.Files, make(map[*rootfs.File][]func([]byte))} }

// want lets the function see the content of the file that a path leads to. If that is not possible, the result gets
// a problem.
func (r *reader) want(result *Result, p string, see func(text []byte)) {
	entry, err := r.files.Find(p, true)
	switch {
	case err != nil:
		result.add("%s", explain(p, err))
	case entry.File.Kind != tree.File:
		result.add("%s is a %s, not a file", p, entry.File.Kind)
	case entry.File.Size > maxContent:
		result.add("%s is larger than %d bytes", p, maxContent)
	default:
		r.pending[entry.File] = append(r.pending[entry.File], see)
	}
}

// read makes the pass.
func (r *reader) read(ctx context.Context) error {
	if len(r.pending) == 0 {
		return nil
	}
	wanted := func(f *rootfs.File) bool { return r.pending[f] != nil }
	return r.files.Contents(ctx, wanted, func(f *rootfs.File, in io.Reader) error {
		text, err := io.ReadAll(in)
		if err != nil {
			return err
		}
		for _, see := range r.pending[f] {
			see(text)
		}
		return nil
	})
}

// contents runs the tests of contents.
func (r *run) contents(ctx context.Context) error {
	reader := newReader(r.image)
	for _, test := range r.file.Contents {
		result := r.start(test.Line, "fileContent", test.Name)
		p := r.expand(test.Path)
		reader.want(result, p, func(text []byte) { search(result, p, text, test.Text) })
	}
	return reader.read(ctx)
}

// search adds the problems of a text.
func search(result *Result, where string, text []byte, expected structure.Text) {
	find := func(list []*regexp.Regexp, want bool, problem string) {
		for _, re := range list {
			if re.Match(text) != want {
				result.add("%s: %s %q", where, problem, re)
			}
		}
	}
	find(expected.Expected, true, "nothing matches")
	find(expected.Excluded, false, "something matches")
}

// Names of directories and files of Debian packages.
const (
	docs      = "/usr/share/doc"
	copyright = "copyright"
)

// The policy of container-structure-test.
var (
	exempt    = []string{"libgnutls30"}
	forbidden = []string{"AGPL", "WTFPL"}
)

// licenses runs the tests of licenses.
func (r *run) licenses(ctx context.Context) error {
	reader := newReader(r.image)
	for _, test := range r.file.Licenses {
		result := r.start(test.Line, "license", strings.Join(names(test), ", "))
		check := func(p string) {
			reader.want(result, p, func(text []byte) {
				for _, word := range forbidden {
					if strings.Contains(strings.ToUpper(string(text)), word) {
						result.add("%s contains %q", p, word)
					}
				}
			})
		}
		if test.Debian {
			entries, err := r.image.Files.List(docs, false)
			if err != nil {
				result.add("%s", explain(docs, err))
			}
			for _, e := range entries {
				name := path.Base(e.Path)
				if e.File.Kind == tree.Dir && !slices.Contains(exempt, name) {
					check(path.Join(docs, name, copyright))
				}
			}
		}
		for _, file := range test.Files {
			check(r.expand(file.Value))
		}
	}
	return reader.read(ctx)
}

// names describes what a test of licenses reads.
func names(test structure.License) []string {
	var list []string
	if test.Debian {
		list = append(list, docs)
	}
	for _, file := range test.Files {
		list = append(list, file.Value)
	}
	return list
}
