package bazel

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/url"
	"path/filepath"
	"strings"
)

// Target is a target of a build.
type Target struct {
	Success bool
	Groups  map[string][]string // the absolute paths of the files of each output group
}

// event has those fields of Bazel's build events that name outputs.
type event struct {
	ID struct {
		TargetCompleted *struct{ Label string }
		NamedSet        *fileSetID
	}
	Completed *struct {
		Success     bool
		OutputGroup []struct {
			Name     string
			FileSets []fileSetID
		}
	}
	NamedSetOfFiles *fileSet
}

type fileSetID struct{ ID string }

type fileSet struct {
	Files    []struct{ URI string }
	FileSets []fileSetID
}

// readEvents returns the targets in a file of build events, by label.
func readEvents(in io.Reader) (map[string]Target, error) {
	targets, sets := map[string]Target{}, map[string]*fileSet{}
	for decoder := json.NewDecoder(in); ; {
		var e event
		if err := decoder.Decode(&e); errors.Is(err, io.EOF) {
			return targets, nil
		} else if err != nil {
			return nil, fmt.Errorf("--build_event_json_file: %w", err)
		}
		switch {
		case e.ID.NamedSet != nil && e.NamedSetOfFiles != nil:
			sets[e.ID.NamedSet.ID] = e.NamedSetOfFiles
		case e.ID.TargetCompleted != nil:
			result := Target{Groups: map[string][]string{}}
			if e.Completed != nil {
				result.Success = e.Completed.Success
				for _, group := range e.Completed.OutputGroup {
					result.Groups[group.Name] = append(result.Groups[group.Name], setFiles(sets, group.FileSets, map[string]bool{})...)
				}
			}
			targets[canonical(e.ID.TargetCompleted.Label)] = result
		}
	}
}

// setFiles returns the local files of sets, which come before the targets that refer to them.
func setFiles(sets map[string]*fileSet, ids []fileSetID, seen map[string]bool) []string {
	var files []string
	for _, id := range ids {
		set := sets[id.ID]
		if set == nil || seen[id.ID] {
			continue
		}
		seen[id.ID] = true
		for _, f := range set.Files {
			if u, err := url.Parse(f.URI); err == nil && u.Scheme == "file" {
				files = append(files, filepath.FromSlash(localPath(u.Path)))
			}
		}
		files = append(files, setFiles(sets, set.FileSets, seen)...)
	}
	return files
}

// localPath returns the path in a URL, where those of Windows begin with "/C:/".
func localPath(path string) string {
	if len(path) > 2 && path[0] == '/' && path[2] == ':' {
		return path[1:]
	}
	return path
}

// canonical returns a label of the main repository without a repository: "@@//a:b" and "@//a:b" are "//a:b".
func canonical(label string) string {
	if short := strings.TrimLeft(label, "@"); strings.HasPrefix(short, "//") {
		return short
	}
	return label
}
