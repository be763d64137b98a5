package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
)

// platform is a pair of GOOS and GOARCH.
type platform struct{ os, arch string }

func (p platform) String() string { return p.os + "_" + p.arch }

// platforms are those that a release has prebuilt tools for. On others the tools are built from source.
var platforms = []platform{
	{"darwin", "amd64"},
	{"darwin", "arm64"},
	{"linux", "amd64"},
	{"linux", "arm64"},
	{"windows", "amd64"},
	{"windows", "arm64"},
}

// choosePlatforms returns the platforms of a list like "linux_amd64,darwin_arm64", or all of them if it is empty.
func choosePlatforms(list string) ([]platform, error) {
	if list == "" {
		return platforms, nil
	}
	var chosen []platform
	for name := range strings.SplitSeq(list, ",") {
		i := slices.IndexFunc(platforms, func(p platform) bool { return p.String() == name })
		if i < 0 {
			return nil, fmt.Errorf("platform %q: the choice is among %v", name, platforms)
		}
		chosen = append(chosen, platforms[i])
	}
	return chosen, nil
}

// kind separates the tools by when they run, because most builds need one kind only: a build of an image does not need the
// programs that push and load it.
type kind string

const (
	buildTools   kind = "build"   // run in actions
	runTools     kind = "run"     // run by "bazel run" and "bazel test"
	migrateTools kind = "migrate" // run once, by few users
)

var kinds = []kind{buildTools, migrateTools, runTools}

// kindOf says which kind a program is: build steps are named mk*.
func kindOf(program string) kind {
	switch {
	case strings.HasPrefix(program, "mk"):
		return buildTools
	case strings.TrimSuffix(program, ".exe") == "migrate":
		return migrateTools
	}
	return runTools
}

// toolArchive is the archive with all tools of one kind for one platform.
type toolArchive struct {
	kind     kind
	platform platform
	content  []byte
}

// toolArchiveName is the template of file names; tools.lock.json and its reader know it as part of a URL.
const toolArchiveName = "{kind}-tools-{platform}.tar.xz"

func (a toolArchive) name() string {
	return strings.NewReplacer("{kind}", string(a.kind), "{platform}", a.platform.String()).Replace(toolArchiveName)
}

// compileTools compiles the tools of a commit for some platforms, with the given version of Go.
func compileTools(ctx context.Context, source sources, goVersion string, chosen []platform) ([]toolArchive, error) {
	dir, err := os.MkdirTemp("", "release")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	if err := writeFiles(dir, source); err != nil {
		return nil, err
	}
	tools, err := source.programs()
	if err != nil {
		return nil, err
	}
	c := compiler{source: dir, goVersion: goVersion}
	var archives []toolArchive
	for _, p := range chosen {
		var programs []file
		for module, names := range tools {
			compiled, err := c.compile(ctx, p, module, names)
			if err != nil {
				return nil, err
			}
			programs = append(programs, compiled...)
		}
		for _, k := range kinds {
			content, err := tarXz(ofKind(programs, k))
			if err != nil {
				return nil, err
			}
			archives = append(archives, toolArchive{kind: k, platform: p, content: content})
		}
	}
	return archives, nil
}

func ofKind(programs []file, k kind) []file {
	return slices.DeleteFunc(slices.Clone(programs), func(f file) bool { return kindOf(f.name) != k })
}

// compiler compiles programs so that the same sources give the same bytes on every machine.
type compiler struct {
	source    string // directory of the sources
	goVersion string // like "1.26.8"
}

// compile returns programs of a Go module for a platform.
func (c compiler) compile(ctx context.Context, p platform, module string, packages []string) ([]file, error) {
	out, err := os.MkdirTemp("", "release-"+p.String())
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(out)
	args := []string{"build", "-trimpath", "-buildvcs=false", "-ldflags=-s -w -buildid=", "-o", out + string(filepath.Separator)}
	command := exec.CommandContext(ctx, "go", append(args, packages...)...)
	command.Dir = filepath.Join(c.source, filepath.FromSlash(module))
	command.Env = append(os.Environ(), c.environment(p)...)
	if said, err := command.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("go build for %s: %w\n%s", p, err, said)
	}
	return readPrograms(out)
}

// environment sets everything that influences what Go writes. The machine decides where Go finds its modules and caches.
func (c compiler) environment(p platform) []string {
	return []string{
		"CGO_ENABLED=0",
		"GOAMD64=v1",
		"GOARCH=" + p.arch,
		"GOARM64=v8.0",
		"GOEXPERIMENT=",
		"GOFIPS140=off",
		"GOFLAGS=-mod=readonly",
		"GOOS=" + p.os,
		"GOTOOLCHAIN=go" + c.goVersion,
		"GOWORK=off",
	}
}

func readPrograms(dir string) ([]file, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	var programs []file
	for _, entry := range entries {
		content, err := os.ReadFile(filepath.Join(dir, entry.Name()))
		if err != nil {
			return nil, err
		}
		programs = append(programs, file{name: entry.Name(), executable: true, content: content})
	}
	return programs, nil
}
