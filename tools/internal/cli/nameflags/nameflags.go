// Package nameflags declares the flags for names, literal or in files, and with variables of the workspace status: the
// repository and the tags to which an image is pushed, and the names that images have in an archive or an engine.
package nameflags

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/rules-strata/rules_strata/tools/internal/cli"
	"github.com/rules-strata/rules_strata/tools/internal/cli/stamp"
	"github.com/rules-strata/rules_strata/tools/internal/oci/reference"
)

// Flags are the values of the flags.
type Flags struct {
	// Repository is the value of --repository, which takes precedence over --repository-file.
	Repository string
	// Tags are the values of --tag.
	Tags cli.Strings

	set            *flag.FlagSet
	repositoryFile string
	tagFiles       cli.Strings
	status         cli.Strings
}

// Declare declares --repository, --repository-file and --status.
func Declare(set *flag.FlagSet) *Flags {
	f := &Flags{set: set}
	set.StringVar(&f.Repository, "repository", "", "`registry/repository`, without a tag")
	set.StringVar(&f.repositoryFile, "repository-file", "", "`file` whose only line is the repository")
	set.Var(&f.status, "status", "workspace status `file`, whose variables can be used in names as {{NAME}}")
	return f
}

// DeclareTags declares --tag and --tag-file.
func (f *Flags) DeclareTags() {
	f.set.Var(&f.Tags, "tag", "`tag` for the image; without tags, it has only its digest")
	f.set.Var(&f.tagFiles, "tag-file", "`file` with tags, one per line")
}

// Resolve reads the files and returns the repository and the tags, each tag once.
func (f *Flags) Resolve() (to reference.Reference, tags []string, err error) {
	values, err := stamp.Read(f.status)
	if err != nil {
		return reference.Reference{}, nil, err
	}
	if to, err = f.repository(values); err != nil {
		return reference.Reference{}, nil, err
	}
	for _, file := range f.tagFiles {
		data, err := os.ReadFile(file)
		if err != nil {
			return reference.Reference{}, nil, err
		}
		if tags, err = addTags(tags, values, file, strings.Fields(string(data))); err != nil {
			return reference.Reference{}, nil, err
		}
	}
	tags, err = addTags(tags, values, "--tag", f.Tags)
	return to, tags, err
}

func (f *Flags) repository(values stamp.Values) (reference.Reference, error) {
	text, origin := f.Repository, "--repository"
	if text == "" && f.repositoryFile != "" {
		data, err := os.ReadFile(f.repositoryFile)
		if err != nil {
			return reference.Reference{}, err
		}
		text, origin = strings.TrimSpace(string(data)), f.repositoryFile
	}
	if text == "" && f.repositoryFile == "" {
		return reference.Reference{}, cli.Require(f.set, "repository")
	}
	text, err := expand(values, origin, text)
	if err != nil {
		return reference.Reference{}, err
	}
	to, err := reference.ParseRepository(text)
	if err != nil {
		return reference.Reference{}, cli.Usage("%s: %w", origin, err)
	}
	return to, nil
}

// addTags adds tags from origin.
func addTags(tags []string, values stamp.Values, origin string, texts []string) ([]string, error) {
	for _, text := range texts {
		tag, err := expand(values, origin, text)
		if err != nil {
			return nil, err
		}
		if err := reference.CheckTag(tag); err != nil {
			return nil, cli.Usage("%s: %w", origin, err)
		}
		if !slices.Contains(tags, tag) {
			tags = append(tags, tag)
		}
	}
	return tags, nil
}

// expand replaces variables with their values.
func expand(values stamp.Values, origin, text string) (string, error) {
	expanded, err := values.Expand(text)
	var unknown *stamp.UnknownError
	switch {
	case errors.As(err, &unknown) && len(unknown.Known) == 0:
		return "", cli.Hint(fmt.Errorf("%s: %w", origin, err),
			"--status=FILE names a file with variables; the rule passes it if the names in the BUILD file contain variables")
	case errors.As(err, &unknown):
		return "", cli.Hint(fmt.Errorf("%s: %w", origin, err),
			"define it with a line \"%s value\" in the output of Bazel's --workspace_status_command", unknown.Name)
	}
	return expanded, err
}
