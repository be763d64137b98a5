// Package model has a workspace as the migration sees it: its files, their calls, the rules of other rulesets, and what becomes of
// each call. It has no rule itself, and decides nothing.
package model

import (
	"path/filepath"
	"strings"

	"github.com/bazelbuild/buildtools/build"
)

// Pin is the result of looking up a tag in a registry.
type Pin struct {
	Digest  string
	Problem string // why there is no digest
}

// MaxFile bounds the size of a file that is read.
const MaxFile = 8 << 20

// Workspace is all Starlark files below a directory, and the targets that they declare.
type Workspace struct {
	Root   string
	Files  []*File
	byName map[string]*File
	// Targets has the calls of rules that are translated, by Call.Key of their names.
	Targets map[string]*Call
	// Aliases has all targets of an alias that selects one.
	Aliases map[string][]*Call
	// Computed has the aliases of other targets, which macros may declare.
	Computed map[string]*Call
	// Programs has the labels of targets whose only file has the target's name.
	Programs map[string]bool
	// Declared has the other targets of BUILD files, and Repositories those of http_file.
	Declared, Repositories map[string]*Call
	// called has the calls of macros that were looked up.
	called map[*build.DefStmt][]Caller
	// Pulls has the calls that pull images, and whose names are computed.
	Pulls []*Call
	// Sources has the labels that replace others at boundaries.
	Sources map[build.Expr]string
	// Unread lists files that cannot be parsed.
	Unread []error
	// Nested lists workspaces in directories of this one, whose labels mean something else.
	Nested []string
	// Setup lists what the user has to do.
	Setup []string
	// Pins has what --pin found, by name and tag. Unpinned lists those that it can look up.
	Pins     map[string]Pin
	Unpinned []string
}

// NewWorkspace returns the workspace in a directory, without files.
func NewWorkspace(root string) *Workspace {
	return &Workspace{Root: root, byName: map[string]*File{}, Targets: map[string]*Call{}, Aliases: map[string][]*Call{}, Computed: map[string]*Call{}, Declared: map[string]*Call{}, Repositories: map[string]*Call{}, Programs: map[string]bool{}, called: map[*build.DefStmt][]Caller{}, Sources: map[build.Expr]string{}}
}

// Add adds a file. All are added before the targets are indexed.
func (w *Workspace) Add(f *File) {
	f.Workspace = w
	w.Files = append(w.Files, f)
	w.byName[f.Name] = f
}

// Package returns the BUILD files of a package.
func (w *Workspace) Package(pkg string) []*File {
	var all []*File
	for _, f := range w.Files {
		if f.IsBuild() && f.Pkg() == pkg {
			all = append(all, f)
		}
	}
	return all
}

// Path returns where the file of a label would be.
func (w *Workspace) Path(label string) string {
	pkg, name := Split(label)
	return filepath.Join(w.Root, filepath.FromSlash(pkg), filepath.FromSlash(name))
}

// Puller returns the call that pulls the image in a repository, or nil. rules_oci has a repository for each platform as well.
func (w *Workspace) Puller(repository string) (puller *Call, platform string) {
	if puller = w.Targets["@"+repository]; puller != nil {
		return puller, ""
	}
	for at := strings.LastIndexByte(repository, '_'); at > 0; at = strings.LastIndexByte(repository[:at], '_') {
		if puller = w.Targets["@"+repository[:at]]; puller != nil && puller.Rule.Is("oci_pull") {
			return puller, repository[at+1:]
		}
	}
	return nil, ""
}

// Calls returns the calls of rules of other rulesets.
func (w *Workspace) Calls() []*Call {
	var all []*Call
	for _, f := range w.Files {
		for _, c := range f.Calls {
			if c.Rule != nil {
				all = append(all, c)
			}
		}
	}
	return all
}
