package main

import (
	"archive/tar"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"regexp"
)

// sources holds the files of a commit, without those that .gitattributes marks with export-ignore.
type sources []file

// readCommit reads a commit through "git archive". So .gitattributes alone decides what users get, and an archive that a
// Git host makes of the same commit has the same files.
func readCommit(ctx context.Context, repository, commit string) (sources, error) {
	var archive, problem bytes.Buffer
	git := exec.CommandContext(ctx, "git", "-C", repository, "-c", "core.autocrlf=false", "archive", "--format=tar", commit)
	git.Stdout, git.Stderr = &archive, &problem
	if err := git.Run(); err != nil {
		return nil, fmt.Errorf("git archive %s: %w\n%s", commit, err, &problem)
	}
	files, err := readTar(&archive)
	if err != nil {
		return nil, fmt.Errorf("git archive %s: %w", commit, err)
	}
	return files, nil
}

// readTar reads the regular files of a tar. There may be no others but directories.
func readTar(in io.Reader) (sources, error) {
	var files sources
	archive := tar.NewReader(in)
	for {
		header, err := archive.Next()
		if errors.Is(err, io.EOF) {
			return files, nil
		}
		if err != nil {
			return nil, err
		}
		switch header.Typeflag {
		case tar.TypeDir, tar.TypeXGlobalHeader:
		case tar.TypeReg:
			content, err := io.ReadAll(archive)
			if err != nil {
				return nil, err
			}
			files = append(files, file{name: header.Name, executable: header.Mode&0o100 != 0, content: content})
		default:
			return nil, fmt.Errorf("%s: want a regular file, got an entry of type %q, which not every machine can unpack", header.Name, header.Typeflag)
		}
	}
}

// read returns the content of a file.
func (s sources) read(name string) ([]byte, error) {
	for _, f := range s {
		if f.name == name {
			return f.content, nil
		}
	}
	return nil, fmt.Errorf("%s: the commit has no such file, or .gitattributes leaves it out", name)
}

// replaced returns the files with other content for some of them. All of them must exist.
func (s sources) replaced(content map[string][]byte) (sources, error) {
	result := make(sources, len(s))
	found := 0
	for i, f := range s {
		if changed, ok := content[f.name]; ok {
			f.content = changed
			found++
		}
		result[i] = f
	}
	if found != len(content) {
		return nil, fmt.Errorf("the commit lacks one of the files that a release changes")
	}
	return result, nil
}

// toolLine is the line of a tool in tools.bzl.
var toolLine = regexp.MustCompile(`(?m)^    "([a-z0-9]+)": "`)

// programs returns the packages of the programs that tools/tools.bzl lists, by the directory of their Go module: that of the
// repository, or their own.
func (s sources) programs() (map[string][]string, error) {
	list, err := s.read("tools/tools.bzl")
	if err != nil {
		return nil, err
	}
	modules := map[string][]string{}
	for _, line := range toolLine.FindAllSubmatch(list, -1) {
		dir := "tools/" + string(line[1])
		if _, err := s.read(dir + "/go.mod"); err == nil {
			modules[dir] = []string{"."}
		} else {
			modules["."] = append(modules["."], "./"+dir)
		}
	}
	return modules, nil
}
