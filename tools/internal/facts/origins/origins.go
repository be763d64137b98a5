// Package origins finds out which target of a build each path of an image comes from, without a layer.
//
// The rules' aspect layer_origins (rules/private/origins.bzl) writes, for each layer, the command line that makes it and the
// owners of the files in it. This package reads these files ([Read]), lists the entries that the command line adds
// ([Part.Entries]) and stacks them as an engine stacks the layers ([Stack]). Only the tar archives, Debian and Conda packages
// on a command line have to be opened. Entries follow the rules of package tree, which mklayer uses, too.
//
// Non-goals: contents of files, layers of base images (package listing).
package origins

import (
	"fmt"
	"os"
	"strings"

	"github.com/rules-strata/rules_strata/tools/internal/cli"
	"github.com/rules-strata/rules_strata/tools/internal/layer/inputs"
)

// Kind is how a layer is made: the mnemonic of its action.
type Kind string

// The kinds of parts.
const (
	Layer       Kind = "MkLayer"
	Conda       Kind = "MkCondaLayer"
	Environment Kind = "MkCondaEnvironment"
	Squash      Kind = "MkSquash"
	Base        Kind = "MkBase"   // a layer of a locked base
	Import      Kind = "MkImport" // all layers of an imported base
)

// Part is a layer, or one of the layers that a squashed layer merges.
type Part struct {
	Kind Kind
	// Label is the target that makes it, as Bazel prints it.
	Label string

	items    []item
	archives map[string]item   // by path
	owners   map[string]string // labels by path
	inputs   []input
	spec     inputs.Spec
	prefix   string // of a Conda environment
	python   string // the file that describes its Python
}

// item is a target that an attribute of the rule lists.
type item struct{ attribute, place, label string }

// input is an input on the command line. Attribute is the attribute of the rule, if it follows from the flag.
type input struct {
	inputs.Input
	conda     string // URL of a Conda package
	attribute string
}

// maxFile bounds the size of a file of origins.
const maxFile = 1 << 30

// Read reads the files that the aspect wrote for a layer: path, and, if the layer has a command line, path with ".args".
func Read(path string) (*Part, error) {
	text, err := read(path)
	if err != nil {
		return nil, err
	}
	p := &Part{archives: make(map[string]item), owners: make(map[string]string)}
	for number, line := range lines(text) {
		if err := p.line(line); err != nil {
			return nil, fmt.Errorf("%s: line %d: %w", path, number+1, err)
		}
	}
	switch p.Kind {
	case Layer, Conda, Environment:
	case Squash, Base, Import:
		return p, nil
	default:
		return nil, fmt.Errorf("%s: unknown kind of layer %q", path, p.Kind)
	}
	path += ".args"
	if text, err = read(path); err != nil {
		return nil, err
	}
	args, err := cli.Arguments(text)
	if err == nil {
		err = p.parse(args)
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return p, nil
}

// read returns the contents of a file of bounded size.
func read(path string) (string, error) {
	info, err := os.Stat(path)
	if err != nil {
		return "", err
	}
	if info.Size() > maxFile {
		return "", fmt.Errorf("%s: %d bytes, more than %d", path, info.Size(), int64(maxFile))
	}
	data, err := os.ReadFile(path)
	return string(data), err
}

// lines returns the lines of a text.
func lines(text string) []string {
	text = strings.TrimSuffix(text, "\n")
	if text == "" {
		return nil
	}
	return strings.Split(text, "\n")
}

// line reads a line of the aspect.
func (p *Part) line(line string) error {
	fields := strings.Split(line, "\t")
	switch {
	case fields[0] == "kind" && len(fields) == 2:
		p.Kind = Kind(fields[1])
	case fields[0] == "label" && len(fields) == 2:
		p.Label = fields[1]
	case fields[0] == "item" && len(fields) == 4:
		p.items = append(p.items, item{fields[1], fields[2], fields[3]})
	case fields[0] == "archive" && len(fields) == 4:
		p.archives[fields[2]] = item{attribute: fields[1], label: fields[3]}
	case fields[0] == "owner" && len(fields) == 3:
		p.owners[fields[1]] = fields[2]
	default:
		return fmt.Errorf("unexpected %q", line)
	}
	return nil
}

// Short returns a label as people write it: without the name of the main repository, and with the usual name of another one
// instead of the canonical one, which contains a version or the name of an extension.
func Short(label string) string {
	rest, ok := strings.CutPrefix(label, "@@")
	if !ok {
		return label
	}
	repository, target, ok := strings.Cut(rest, "//")
	if !ok {
		return label
	}
	for _, separator := range []string{"+", "~"} {
		switch parts := strings.Split(repository, separator); {
		case len(parts) == 2:
			repository = parts[0]
		case len(parts) > 2:
			repository = parts[len(parts)-1]
		}
	}
	if repository != "" {
		repository = "@" + repository
	}
	if directory, name, ok := strings.Cut(target, ":"); ok && repository != "" && (directory == "" && "@"+name == repository) {
		return repository
	}
	return repository + "//" + target
}
