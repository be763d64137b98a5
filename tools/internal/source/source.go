// Package source reads a layer's inputs from disk, as Bazel presents them to an action.
//
// A build's sandbox and execution root show each input file as a symlink that Bazel made. Such a link is followed; a
// symlink that is the input itself is kept as one, dangling and absolute ones too. Which is which is decided by
// isBazels. Permission bits on disk mean nothing (Bazel and remote executors mark every file executable):
// [Executable] decides by content.
//
// Non-goals: metadata and image paths (package tree), archives as inputs.
package source

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/rules-strata/rules_strata/tools/internal/tree"
)

// maxHops bounds how many of Bazel's links are followed from one input.
const maxHops = 40

// Reader reads inputs. Paths are relative to the working directory, which in an action is the execution root.
type Reader struct {
	// Directories, with a "/" at the end, inside which every absolute link is Bazel's: output bases and the workspace.
	outputBases []string
	execRoot    string // "/execroot/NAME/": what a path in some execution root of this build contains
}

// NewReader returns a Reader for the working directory dir.
func NewReader(dir string) *Reader {
	r := new(Reader)
	real, err := filepath.EvalSymlinks(dir)
	if err != nil {
		real = dir
	}
	for _, dir := range []string{dir, real} {
		base, name, ok := splitExecRoot(filepath.ToSlash(dir))
		if ok {
			r.outputBases = append(r.outputBases, base+"/")
			if workspace := workspaceOf(base); workspace != "" {
				r.outputBases = append(r.outputBases, workspace+"/")
			}
			r.execRoot = "/execroot/" + name + "/"
		}
	}
	return r
}

// workspaceOf returns the workspace's directory, or "". Outputs of ctx.actions.symlink, like the program of an sh_binary,
// are links to source files in it. Bazel notes it in the output base, for people who enter that by mistake.
func workspaceOf(outputBase string) string {
	note, err := os.ReadFile(filepath.Join(outputBase, "DO_NOT_BUILD_HERE"))
	if path := strings.TrimSpace(string(note)); err == nil && filepath.IsAbs(path) {
		return filepath.ToSlash(filepath.Clean(path))
	}
	return ""
}

// splitExecRoot finds the output base and the workspace's name in the path of an execution root: BASE/execroot/NAME, or
// BASE/sandbox/STRATEGY/NUMBER/execroot/NAME in a sandbox.
func splitExecRoot(dir string) (base, name string, ok bool) {
	i := strings.LastIndex(dir, "/execroot/")
	if i <= 0 {
		return "", "", false
	}
	base = dir[:i]
	name, _, _ = strings.Cut(dir[i+len("/execroot/"):], "/")
	if j := strings.LastIndex(base, "/sandbox/"); j > 0 && strings.Count(base[j:], "/") == 3 {
		base = base[:j]
	}
	return base, name, name != ""
}

// Read returns the entry for the input src, a file or a symlink, without an image path.
func (r *Reader) Read(src string) (tree.Entry, error) {
	info, err := os.Lstat(src)
	if err != nil {
		return tree.Entry{}, err
	}
	in, err := r.resolve(src, src, info.Mode().Type())
	if err != nil {
		return tree.Entry{}, err
	}
	if in.kind == fs.ModeDir {
		return tree.Entry{}, fmt.Errorf("%s: %w", src, ErrDirectory)
	}
	return in.entry()
}

// ErrDirectory tells that an input is a directory where a file was asked for.
var ErrDirectory = errors.New("a directory, expected a file")

// input is what is found at the end of Bazel's own links.
type input struct {
	execPath string // where the input is in the execution root
	path     string // where it was found
	kind     fs.FileMode
	target   string // of a symlink
}

// entry returns the tree entry of the input.
func (in input) entry() (tree.Entry, error) {
	e := tree.Entry{Origin: in.execPath}
	switch {
	case in.kind == fs.ModeSymlink:
		e.Kind, e.Target = tree.Symlink, in.target
	case in.kind == fs.ModeDir:
		e.Kind = tree.Dir
	case in.kind == 0:
		e.Kind, e.Content = tree.File, File(in.path)
	default:
		return e, fmt.Errorf("%s: a %s cannot be in a layer", in.execPath, kindName(in.kind))
	}
	return e, nil
}

// resolve follows Bazel's own links from path, where the input execPath is presented.
func (r *Reader) resolve(path, execPath string, kind fs.FileMode) (input, error) {
	in := input{execPath: execPath, path: path, kind: kind}
	for range maxHops {
		if in.kind != fs.ModeSymlink {
			return in, nil
		}
		target, err := os.Readlink(in.path)
		if err != nil {
			return in, err
		}
		if !r.isBazels(target, execPath) {
			in.target = target
			return in, nil
		}
		info, err := os.Lstat(target)
		if err != nil {
			return in, fmt.Errorf("%s: following the build's own link: %w", execPath, err)
		}
		in.path, in.kind = target, info.Mode().Type()
	}
	return in, fmt.Errorf("%s: more than %d links in a row", execPath, maxHops)
}

// isBazels reports whether a symlink with the target is one that Bazel made to present an input, rather than the input:
// an absolute one that leads into this build's output base, its workspace or one of its execution roots, or to the same
// path in a workspace.
func (r *Reader) isBazels(target, execPath string) bool {
	if !filepath.IsAbs(target) {
		return false
	}
	target = filepath.ToSlash(target)
	for _, base := range r.outputBases {
		if strings.HasPrefix(target, base) {
			return true
		}
	}
	if r.execRoot != "" && strings.Contains(target, r.execRoot) {
		return true
	}
	root, ok := strings.CutSuffix(target, "/"+filepath.ToSlash(execPath))
	return ok && !filepath.IsAbs(execPath) && isWorkspace(root)
}

// isWorkspace tells a workspace from other directories: /usr/bin/tool may well be the user's own target of a link that
// is at bin/tool in the workspace.
func isWorkspace(dir string) bool {
	for _, name := range []string{"MODULE.bazel", "REPO.bazel", "WORKSPACE", "WORKSPACE.bazel"} {
		if _, err := os.Stat(filepath.Join(dir, name)); err == nil {
			return true
		}
	}
	return false
}

// kindName names a kind of file that no layer takes from a disk.
func kindName(kind fs.FileMode) string {
	switch {
	case kind&fs.ModeNamedPipe != 0:
		return "named pipe"
	case kind&fs.ModeSocket != 0:
		return "socket"
	case kind&fs.ModeDevice != 0:
		return "device"
	}
	return "file of unknown kind"
}
