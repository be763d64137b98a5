// Package inputs turns the inputs of a layer into its entries: files, directories and archives on disk, and explicitly stated
// paths.
//
// A [Spec] is plain values, which the programs fill from their command lines. [Spec.Read] is the only function that accesses
// the disk. Bazel presents files to an action differently on different machines, but the entries must not differ: this
// package owns the rules that compensate for that.
//
// Non-goals: writing the layer (package layer), reading one file or one archive (packages source, tarfile and deb),
// combining entries of several inputs (package tree).
package inputs

import (
	"fmt"
	"reflect"
	"time"

	"github.com/rules-strata/rules_strata/tools/internal/layer/tree"
)

// Kind is the kind of an input. The values are mklayer's flags.
type Kind string

// The kinds of inputs.
const (
	File       Kind = "file"       // a file, or a directory of the source tree, which Bazel presents as a file
	Executable Kind = "executable" // a file with mode 0755
	Tree       Kind = "tree"       // a directory with everything in it
	Symlink    Kind = "symlink"
	Dir        Kind = "dir" // a directory without contents
	EmptyFile  Kind = "empty-file"
	Remove     Kind = "remove" // a path of lower layers that the layer deletes
	Opaque     Kind = "opaque" // a directory whose contents in lower layers the layer hides
	Tar        Kind = "tar"
	Deb        Kind = "deb"
)

// Input is one input of a layer.
type Input struct {
	Kind   Kind
	Path   string // in the image; empty for archives
	Source string // on disk; empty for stated paths
	Target string // of a symlink
	Given  Given  // metadata; not for archives, which have their own
}

// stated has the kinds of inputs that need nothing from the disk.
var stated = map[Kind]tree.Kind{
	Symlink: tree.Symlink, Dir: tree.Dir, EmptyFile: tree.File, Remove: tree.Whiteout, Opaque: tree.Opaque,
}

// entry returns the entry of an input that needs nothing from the disk.
func (in Input) entry() tree.Entry {
	e := tree.Entry{Path: in.Path, Kind: stated[in.Kind], Target: in.Target, Origin: fmt.Sprintf("--%s=%s", in.Kind, in.Path)}
	in.Given.giveTo(&e)
	return e
}

// Check returns an error if the input is invalid regardless of the disk.
func (in Input) Check() error {
	if _, ok := stated[in.Kind]; ok {
		return new(tree.Builder).Add(in.entry())
	}
	if in.Kind == Tree {
		_, err := cleanPlace(in.Path)
		return err
	}
	return nil
}

// Spec states the contents of a layer. The zero value describes an empty layer.
type Spec struct {
	// Inputs are in the order that Duplicates refers to.
	Inputs []Input
	// Links has the sources of files that are symlinks themselves: they stay symlinks, wherever they lead.
	Links map[string]bool
	// StripPrefix is the directory of each tar whose contents are used; "" means the whole tar.
	StripPrefix string
	// PackageDir is the directory in the image for the contents of each tar; "" means the root.
	PackageDir string
	// Over are the shape files of the layers below, the lowest first.
	Over []string
	// Rules state metadata for all inputs, archives included.
	Rules tree.Rules
	// ModTime is the modification time of entries without their own.
	ModTime time.Time
	// Duplicates is the policy for paths that several inputs have.
	Duplicates tree.Duplicates
	// Hardlinks states whether identical files with the same metadata are stored once.
	Hardlinks bool
}

// Archive returns the tar archive that can become the layer unchanged: it is the only input, and nothing else is stated.
// Any field of a Spec changes the archive unless this function makes an exception.
func (s Spec) Archive() (src string, ok bool) {
	if len(s.Inputs) != 1 || s.Inputs[0].Kind != Tar {
		return "", false
	}
	src = s.Inputs[0].Source
	s.Inputs, s.Links = nil, nil
	return src, reflect.ValueOf(s).IsZero()
}
