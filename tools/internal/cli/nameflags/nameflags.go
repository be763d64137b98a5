// Package nameflags declares the flags for names, literal or in files, and with variables of the workspace status: the
// repository and the tags to which an image is pushed, and the names that images have in an archive or an
// engine. Tags may also have variables of the image: its digest and its platform.
package nameflags

import (
	"errors"
	"flag"
	"fmt"
	"os"
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
	// Stable rejects variables that are not stable, because the names become part of an action's output.
	Stable bool

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

// scope returns the variables that names may have.
func (f *Flags) scope() (stamp.Scope, error) { return scope(f.status, f.Stable) }

// scope returns the variables that names may have: those of status files, all of them or only the stable ones.
func scope(status []string, stable bool) (stamp.Scope, error) {
	values, err := stamp.Read(status)
	if values == nil {
		values = stamp.Values{} // names have their variables whether or not the build is stamped
	}
	return stamp.Scope{Values: values, Volatile: !stable, SingleBraces: true}, err
}

// ResolveRepository returns the repository.
func (f *Flags) ResolveRepository() (reference.Reference, error) {
	scope, err := f.scope()
	if err != nil {
		return reference.Reference{}, err
	}
	return f.repository(scope)
}

func (f *Flags) repository(scope stamp.Scope) (reference.Reference, error) {
	text, origin := f.Repository, "--repository"
	if text == "" && f.repositoryFile != "" {
		data, err := os.ReadFile(f.repositoryFile)
		if err != nil {
			return reference.Reference{}, err
		}
		text, origin = strings.TrimSpace(string(data)), f.repositoryFile
	}
	if text == "" && f.repositoryFile == "" {
		return reference.Reference{}, cli.Hint(cli.Require(f.set, "repository"),
			"set repository in the BUILD file, or state it: bazel run TARGET -- --repository=REGISTRY/REPOSITORY")
	}
	text, err := expand(scope, origin, text)
	if err != nil {
		return reference.Reference{}, err
	}
	to, err := reference.ParseRepository(text)
	if err != nil {
		return reference.Reference{}, cli.Usage("%s: %w", origin, err)
	}
	return to, nil
}

// Expand replaces variables of the workspace status in another text. The origin is the flag with the text.
func (f *Flags) Expand(origin, text string) (string, error) {
	scope, err := f.scope()
	if err != nil {
		return "", err
	}
	return expand(scope, origin, text)
}

// expand replaces variables with their values.
func expand(scope stamp.Scope, origin, text string) (string, error) {
	expanded, err := scope.Expand(text, nil)
	var unknown *stamp.UnknownError
	if errors.As(err, &unknown) && len(unknown.Known) == 0 {
		// Only this program knows the flag, so the error is not wrapped, and its hint is not shown.
		return "", cli.Hint(fmt.Errorf("%s: %v", origin, err),
			"--status=FILE names a file with variables; the rule passes it if the names in the BUILD file contain variables")
	}
	if err != nil {
		return "", fmt.Errorf("%s: %w", origin, err)
	}
	return expanded, nil
}
