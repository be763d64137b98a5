package launch

import (
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// argumentsDir is the directory among runfiles that contains the arguments of programs.
const argumentsDir = "rules_strata.args"

// runfiles are the runfiles of one program or of several: a directory, or a manifest that lists where they are.
type runfiles struct {
	dir      string
	manifest string            // the file, or empty if the directory contains the runfiles
	files    map[string]string // of the manifest
}

// String returns the path of the manifest or the directory.
func (r runfiles) String() string {
	if r.manifest != "" {
		return r.manifest
	}
	return r.dir
}

// environment returns env with the variables by which programs among the runfiles find them. It returns env if there are no
// runfiles.
func (r runfiles) environment(env []string) []string {
	if r.dir == "" {
		return env
	}
	env = slices.DeleteFunc(slices.Clone(env), func(variable string) bool {
		return strings.HasPrefix(variable, "RUNFILES_")
	})
	env = append(env, "RUNFILES_DIR="+r.dir, "JAVA_RUNFILES="+r.dir)
	if r.manifest != "" {
		env = append(env, "RUNFILES_MANIFEST_FILE="+r.manifest)
	}
	return env
}

// arguments returns the paths of all arguments of programs, below argumentsDir, sorted.
func (r runfiles) arguments() []string {
	var all []string
	for name := range r.files {
		if below, ok := strings.CutPrefix(name, argumentsDir+"/"); ok {
			all = append(all, below)
		}
	}
	if r.manifest == "" {
		root := os.DirFS(r.dir)
		fs.WalkDir(root, argumentsDir, func(name string, d fs.DirEntry, err error) error {
			if err == nil && !d.IsDir() {
				all = append(all, strings.TrimPrefix(name, argumentsDir+"/"))
			}
			return nil // Unreadable files are treated as missing.
		})
	}
	slices.Sort(all)
	return all
}

// path returns the path of a runfile. A runfile that a manifest does not list may be in a directory that it does list.
func (r runfiles) path(name string) string {
	for above := name; r.manifest != ""; {
		if file, ok := r.files[above]; ok {
			return file + filepath.FromSlash(name[len(above):])
		}
		slash := strings.LastIndexByte(above, '/')
		if slash < 0 {
			break
		}
		above = above[:slash]
	}
	return filepath.Join(r.dir, filepath.FromSlash(name))
}

// ownRunfiles returns the runfiles that belong to a program according to its name.
func ownRunfiles(name string) []runfiles {
	return runfilesIn(name + ".runfiles")
}

// runfilesAround returns the runfiles that contain a program.
func runfilesAround(name string) []runfiles {
	var all []runfiles
	for dir := filepath.Dir(name); dir != filepath.Dir(dir); dir = filepath.Dir(dir) {
		if strings.HasSuffix(dir, ".runfiles") {
			all = append(all, runfilesIn(dir)...)
		}
	}
	return all
}

// envRunfiles returns the runfiles that the environment names.
func envRunfiles(getenv func(string) string) []runfiles {
	var all []runfiles
	if dir, err := filepath.Abs(getenv("RUNFILES_DIR")); err == nil && getenv("RUNFILES_DIR") != "" {
		all = append(all, runfilesIn(dir)...)
	}
	if file, err := filepath.Abs(getenv("RUNFILES_MANIFEST_FILE")); err == nil && getenv("RUNFILES_MANIFEST_FILE") != "" {
		dir := strings.TrimSuffix(strings.TrimSuffix(file, "/MANIFEST"), "_manifest")
		if r, ok := readManifest(dir, file); ok {
			all = append(all, r)
		}
	}
	return all
}

// runfilesIn returns the runfiles of a directory, and those of its manifests: Bazel may leave the directory empty except
// for a manifest, or make only a manifest beside it.
func runfilesIn(dir string) []runfiles {
	var all []runfiles
	if info, err := os.Stat(dir); err == nil && info.IsDir() {
		all = append(all, runfiles{dir: dir})
	}
	for _, file := range []string{filepath.Join(dir, "MANIFEST"), dir + "_manifest"} {
		if r, ok := readManifest(dir, file); ok {
			all = append(all, r)
		}
	}
	return all
}

// readManifest reads a manifest: a line for each runfile, with its name and the path of the file.
func readManifest(dir, file string) (runfiles, bool) {
	text, err := os.ReadFile(file)
	if err != nil {
		return runfiles{}, false
	}
	r := runfiles{dir: dir, manifest: file, files: make(map[string]string)}
	for line := range strings.Lines(string(text)) {
		line = strings.TrimSuffix(line, "\n")
		escaped, isEscaped := strings.CutPrefix(line, " ")
		name, path, _ := strings.Cut(escaped, " ")
		if isEscaped {
			name = strings.NewReplacer(`\s`, " ", `\n`, "\n", `\b`, `\`).Replace(name)
			path = strings.NewReplacer(`\n`, "\n", `\b`, `\`).Replace(path)
		}
		r.files[name] = path
	}
	return r, true
}

// firstWhole returns the first runfiles that are a directory, or else the first runfiles.
func firstWhole(all []runfiles) runfiles {
	for _, r := range all {
		if r.manifest == "" {
			return r
		}
	}
	if len(all) > 0 {
		return all[0]
	}
	return runfiles{}
}
