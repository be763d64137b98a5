package main

import (
	"cmp"
	"context"
	"errors"
	"flag"
	"slices"

	"github.com/rules-strata/rules_strata/tools/internal/atomicfile"
	"github.com/rules-strata/rules_strata/tools/internal/cli"
	"github.com/rules-strata/rules_strata/tools/internal/layer/conda"
	"github.com/rules-strata/rules_strata/tools/internal/layer/conda/environment"
	"github.com/rules-strata/rules_strata/tools/internal/oci"
	"github.com/rules-strata/rules_strata/tools/internal/oci/wire"
)

var environmentCommand = cli.Command{
	Name:    "environment",
	Summary: "check that packages go together, and write the last layer of their environment",
	Details: `
The layer's descriptor has what an activation sets: PATH, CONDA_PREFIX, CONDA_DEFAULT_ENV, CONDA_SHLVL and the variables that
packages state in files. With --activation=shell, the layer has PREFIX/bin/conda-entrypoint, which runs the packages' scripts
and then the program that its arguments name.`,
	Required: []string{"prefix", "name", "facts", "output", "descriptor", "packages"},
	New: func(flags *flag.FlagSet) cli.Work {
		var e environmentWork
		e.output.declare(flags)
		flags.StringVar(&e.name, "name", "", "`name` of the environment")
		flags.Var(&e.facts, "facts", "`file` that mkconda layer wrote, of the lowest layer first")
		flags.StringVar(&e.clobber, "clobber", "error",
			"`policy` for different files with the same path: error, or last for the last one")
		flags.StringVar(&e.activation, "activation", "error",
			"`policy` for shell scripts of an activation: error, ignore, or shell for a program that runs them")
		flags.StringVar(&e.packages, "packages", "", "`file` to write a list of the packages to")
		return func(ctx context.Context, _ cli.Streams) error { return e.run(ctx) }
	},
}

// environmentWork is a parsed command line.
type environmentWork struct {
	output
	name       string
	facts      cli.Strings
	clobber    string
	activation string
	packages   string
}

func (e *environmentWork) run(ctx context.Context) error {
	packing, err := e.check()
	if err != nil {
		return err
	}
	if e.clobber != "error" && e.clobber != "last" {
		return cli.Usage("--clobber=%s: expected error or last", e.clobber)
	}
	env := environment.Environment{Prefix: e.prefix, Name: e.name, KeepLast: e.clobber == "last"}
	if env.Activation, err = environment.ParseActivation(e.activation); err != nil {
		return cli.Usage("--activation=%w", err)
	}
	for _, path := range e.facts {
		packages, err := conda.ReadFacts(path)
		if err != nil {
			return err
		}
		env.Packages = append(env.Packages, packages...)
	}
	entries, err := env.Entries()
	if err != nil {
		return advise(err)
	}
	described := wire.Layer{
		History:     &oci.History{CreatedBy: "rules_strata conda environment " + e.name},
		Environment: &wire.Environment{Path: env.Path(), Variables: env.Variables()},
	}
	return e.write(ctx, entries, packing, described, func() error { return e.writePackages(env.Packages) })
}

// advise adds hints about what to do.
func advise(err error) error {
	if errors.Is(err, environment.ErrActivation) {
		err = cli.Hint(err, "ignore them if the programs need nothing of what they set, which env can set too; "+
			`or set activation = "shell", and start programs with bin/conda-entrypoint`)
	}
	if errors.Is(err, environment.ErrClobber) {
		err = cli.Hint(err, `set clobber = "last" if the package that comes last may win, as it does for conda`)
	}
	return err
}

// listed is a package in the list of packages.
type listed struct {
	Name        string `json:"name"`
	Version     string `json:"version"`
	Build       string `json:"build"`
	BuildNumber int64  `json:"build_number"`
	Subdir      string `json:"subdir"`
	Noarch      string `json:"noarch,omitempty"`
	PURL        string `json:"purl"`
	License     string `json:"license,omitempty"`
	URL         string `json:"url"`
	SHA256      string `json:"sha256"`
	Size        int64  `json:"size"`
}

// writePackages writes the list of packages, sorted by name.
func (e *environmentWork) writePackages(packages []conda.Facts) error {
	list := []listed{}
	for _, p := range packages {
		list = append(list, listed{
			p.Name, p.Version, p.Build, p.BuildNumber, p.Subdir, p.Noarch, p.PURL, p.License, p.URL, p.SHA256, p.Size,
		})
	}
	slices.SortFunc(list, func(a, b listed) int { return cmp.Or(cmp.Compare(a.Name, b.Name), cmp.Compare(a.URL, b.URL)) })
	data, err := oci.Marshal(map[string]any{"packages": list})
	if err != nil {
		return err
	}
	return atomicfile.Write(e.packages, data)
}
