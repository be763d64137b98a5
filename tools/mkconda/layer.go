package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"github.com/rules-strata/rules_strata/tools/internal/cli"
	"github.com/rules-strata/rules_strata/tools/internal/layer/conda"
	"github.com/rules-strata/rules_strata/tools/internal/layer/source"
	"github.com/rules-strata/rules_strata/tools/internal/layer/tree"
	"github.com/rules-strata/rules_strata/tools/internal/oci"
	"github.com/rules-strata/rules_strata/tools/internal/oci/digest"
	"github.com/rules-strata/rules_strata/tools/internal/oci/wire"
)

var layerCommand = cli.Command{
	Name:    "layer",
	Summary: "write a layer of one or several packages",
	Details: `
If several packages have the same path, the last one wins; the command environment checks whether they may.`,
	Required: []string{"prefix", "package", "output", "descriptor", "facts"},
	New: func(flags *flag.FlagSet) cli.Work {
		var l layerWork
		l.output.declare(flags)
		cli.Each(flags, "package", "`file` of a package, .conda or .tar.bz2", func(path string) error {
			l.packages = append(l.packages, archive{path: path})
			return nil
		})
		cli.Each(flags, "url", "`url` of the --package before it, CHANNEL/SUBDIR/NAME-VERSION-BUILD.conda or .tar.bz2",
			func(url string) error {
				if len(l.packages) == 0 || l.packages[len(l.packages)-1].url != "" {
					return errors.New("expected one after each --package")
				}
				l.packages[len(l.packages)-1].url = url
				return nil
			})
		flags.StringVar(&l.python, "python", "", "`file` that mkconda python wrote, for packages of kind noarch: python")
		flags.StringVar(&l.facts, "facts", "", "`file` to write the facts for mkconda environment to")
		flags.StringVar(&l.scripts, "link-scripts", "error",
			"`policy` for scripts that conda would run after it has installed a package: error or ignore")
		return func(ctx context.Context, _ cli.Streams) error { return l.run(ctx) }
	},
}

// archive is a package on disk.
type archive struct{ path, url string }

// layerWork is a parsed command line.
type layerWork struct {
	output
	packages []archive
	python   string
	facts    string
	scripts  string
}

func (l *layerWork) run(ctx context.Context) error {
	packing, err := l.check()
	if err != nil {
		return err
	}
	to := conda.Target{Prefix: l.prefix}
	for _, p := range l.packages {
		if p.url == "" {
			return cli.Usage("--package=%s: there is no --url after it", p.path)
		}
	}
	if l.scripts != "error" && l.scripts != "ignore" {
		return cli.Usage("--link-scripts=%s: expected error or ignore", l.scripts)
	}
	if l.python != "" {
		if to.Python, err = readPython(l.python); err != nil {
			return err
		}
	}
	all := tree.Builder{Same: source.Same, Duplicates: tree.Last}
	var facts []conda.Facts
	for _, p := range l.packages {
		open, err := conda.Open(ctx, p.path, filepath.Dir(l.blob))
		if err != nil {
			return err
		}
		defer open.Close()
		installed, err := open.Install(to, p.url)
		if err == nil {
			err = l.checkScripts(p.path, installed.Facts)
		}
		if err != nil {
			return err
		}
		for _, e := range installed.Entries {
			if err := all.Add(*e); err != nil {
				return err
			}
		}
		facts = append(facts, installed.Facts)
	}
	entries, err := all.Build()
	if err != nil {
		return err
	}
	described := wire.Layer{History: &oci.History{CreatedBy: "rules_strata conda " + summary(facts)}}
	for _, f := range facts {
		described.Packages = append(described.Packages, wire.Package{URI: f.URL, Digest: digest.Digest("sha256:" + f.SHA256)})
	}
	slices.SortFunc(described.Packages, wire.ComparePackages)
	return l.write(ctx, entries, packing, described, func() error { return conda.WriteFacts(l.facts, facts) })
}

// checkScripts rejects a package that a script has to complete. A script that conda runs before it removes a package does
// not matter.
func (l *layerWork) checkScripts(path string, facts conda.Facts) error {
	for _, script := range facts.LinkScripts {
		if l.scripts == "error" && !strings.HasSuffix(script, "-pre-unlink.sh") {
			err := fmt.Errorf("%s: conda would run %s when it installs %s, an image does not", path, script, facts.Name)
			return cli.Hint(err, "look at what the script does; ignore link scripts if the image does not need it")
		}
	}
	return nil
}

// maxSummary is the maximum length of a summary, in bytes.
const maxSummary = 160

// summary names the packages.
func summary(packages []conda.Facts) string {
	var text string
	for n, p := range packages {
		next := strings.TrimPrefix(fmt.Sprintf("%s %s-%s-%s", text, p.Name, p.Version, p.Build), " ")
		if n > 0 && len(next) > maxSummary {
			return fmt.Sprintf("%s and %d more", text, len(packages)-n)
		}
		text = next
	}
	return text
}
