package origins

import (
	"fmt"
	"strings"

	"github.com/rules-strata/rules_strata/tools/internal/cli"
	"github.com/rules-strata/rules_strata/tools/internal/layer/inputs"
	"github.com/rules-strata/rules_strata/tools/internal/layer/tree"
)

// attributes has the attributes of image_layer that flags of mklayer stand for. Symlinks and empty files are also those of
// runfiles, and files those of pkgs.
var attributes = map[inputs.Kind]string{
	inputs.Dir: "dirs", inputs.Remove: "remove", inputs.Opaque: "opaque", inputs.EmptyFile: "empty_files",
	inputs.Symlink: "symlinks",
}

// parse reads the arguments of mklayer or mkconda that state contents. All others are skipped: they do not change where a
// path comes from.
func (p *Part) parse(args []string) error {
	attribute := "" // of the following inputs
	for _, arg := range args {
		name, value, ok := strings.Cut(strings.TrimPrefix(arg, "--"), "=")
		if !ok {
			continue // a flag without a value, or the subcommand
		}
		in := input{Input: inputs.Input{Kind: inputs.Kind(name)}, attribute: attribute}
		var err error
		switch in.Kind {
		case inputs.File, inputs.Executable, inputs.Tree:
			in.Path, in.Source, err = cli.SplitPair(value)
		case inputs.Symlink:
			in.Path, in.Target, err = cli.SplitPair(value)
		case inputs.Tar, inputs.Deb:
			in.Source = value
		case inputs.Dir, inputs.EmptyFile, inputs.Remove, inputs.Opaque:
			in.Path = value
		default:
			if err := p.setting(name, value); err != nil {
				return fmt.Errorf("--%s=%s: %w", name, value, err)
			}
			if name == "as" { // the rules write --as for the entries of pkgs, and an empty one after them
				attribute = ""
				if value != "" {
					attribute = "pkgs"
				}
			}
			continue
		}
		if err != nil {
			return fmt.Errorf("--%s: %w", name, err)
		}
		p.inputs = append(p.inputs, in)
	}
	return nil
}

// setting reads an argument that is not an input.
func (p *Part) setting(name, value string) (err error) {
	switch name {
	case "strip-prefix":
		p.spec.StripPrefix, err = tree.Clean(value)
	case "package-dir":
		p.spec.PackageDir, err = tree.Clean(value)
	case "duplicates":
		p.spec.Duplicates, err = tree.ParseDuplicates(value)
	case "over":
		p.spec.Over = append(p.spec.Over, value)
	case "prefix":
		p.prefix = value
	case "python":
		p.python = value
	case "package":
		p.inputs = append(p.inputs, input{Input: inputs.Input{Kind: condaPackage, Source: value}})
	case "url":
		if last := len(p.inputs) - 1; last >= 0 && p.inputs[last].Kind == condaPackage {
			p.inputs[last].conda = value
		}
	}
	return err
}

// condaPackage is the kind of an input of mkconda.
const condaPackage inputs.Kind = "package"
