// Migrate rewrites the calls of rules_oci, rules_docker and rules_img in a workspace to rules_strata.
//
// It changes whole targets, and whole chains of them, or nothing: an image whose layer cannot be translated stays, as do its
// pushes. It reports each call that stays, with the reason. docs/migrate.md is its manual.
//
// The program is a separate Go module, so that neither the other tools nor the users of the rules need its parser. It makes
// no network connection itself: --pin and --verify start Bazel and the image tool.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"

	"github.com/rules-strata/rules_strata/tools/migrate/internal/bazel"
	"github.com/rules-strata/rules_strata/tools/migrate/internal/bazel/pin"
	"github.com/rules-strata/rules_strata/tools/migrate/internal/bazel/verify"
	"github.com/rules-strata/rules_strata/tools/migrate/internal/model"
	"github.com/rules-strata/rules_strata/tools/migrate/internal/plan"
	"github.com/rules-strata/rules_strata/tools/migrate/internal/render"
	"github.com/rules-strata/rules_strata/tools/migrate/internal/render/change"
	"github.com/rules-strata/rules_strata/tools/migrate/internal/render/modules"
	"github.com/rules-strata/rules_strata/tools/migrate/internal/report"
	"github.com/rules-strata/rules_strata/tools/migrate/internal/rules"
	"github.com/rules-strata/rules_strata/tools/migrate/internal/workspace"
)

// Exit codes. 64 is EX_USAGE of sysexits.h, because 2 is for calls that stay.
const (
	exitOK      = 0  // everything is translated
	exitFailure = 1  // the work failed
	exitSkipped = 2  // some calls stay
	exitDiffers = 3  // --verify found differences
	exitUsage   = 64 // the command line is invalid
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}

// options is the command line.
type options struct {
	root, bazel       string
	write, statistics bool
	pin, verify       bool
	paths             []string
}

func run(ctx context.Context, args []string, out, problems io.Writer) int {
	o, err := parseFlags(args, problems)
	if errors.Is(err, flag.ErrHelp) {
		return exitOK
	}
	if err != nil {
		fmt.Fprintf(problems, "migrate: %v\nhint: migrate --help lists the flags\n", err)
		return exitUsage
	}
	skipped, err := migrate(ctx, o, out, problems)
	switch {
	case errors.Is(err, errDiffers):
		return exitDiffers
	case err != nil:
		fmt.Fprintf(problems, "migrate: %s\n", report.Line(err.Error()))
		return exitFailure
	case skipped > 0:
		return exitSkipped
	}
	return exitOK
}

func parseFlags(args []string, problems io.Writer) (options, error) {
	var o options
	flags := flag.NewFlagSet("migrate", flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	flags.BoolVar(&o.write, "write", false, "change the files; by default, print a diff")
	flags.StringVar(&o.root, "workspace", "", "`directory` of the workspace; by default, that of \"bazel run\", or else the one that contains the\nworking directory")
	flags.BoolVar(&o.pin, "pin", false, "look up the digests of base images that are pulled by a tag; this uses the network")
	flags.BoolVar(&o.verify, "verify", false, "build all images without and with the changes, in copies of the workspace, and compare them; with --write, the files\nchange only if the images are the same")
	flags.StringVar(&o.bazel, "bazel", "bazel", "`program` that --pin and --verify start")
	flags.BoolVar(&o.statistics, "statistics", false, "print how many calls of each ruleset are translated, instead of the diff and the report")
	err := flags.Parse(args)
	if errors.Is(err, flag.ErrHelp) {
		flags.SetOutput(problems)
		fmt.Fprintf(problems, "usage: migrate [flags] [PATH...]\n\nRewrite rules_oci, rules_docker and rules_img to rules_strata: in all files, or those at and below PATHS.\n\n")
		flags.PrintDefaults()
		fmt.Fprintf(problems, "\nExit code: 0 if all calls are translated, 2 if some stay, 3 if --verify finds differences, 1 for a\nfailure, 64 for a usage error.\n")
	}
	o.paths = flags.Args()
	return o, err
}

// errDiffers is returned when --verify found differences, which are in the report.
var errDiffers = errors.New("images differ")

// migrate does the work, and returns the number of calls that stay.
func migrate(ctx context.Context, o options, out, problems io.Writer) (int, error) {
	root, here, err := workspace.FindRoot(o.root)
	if err != nil {
		return 0, err
	}
	if len(o.paths) == 0 {
		o.paths = []string{root}
	}
	var chosen []string
	for _, p := range o.paths {
		relative, err := workspace.Inside(root, here, p)
		if err != nil {
			return 0, err
		}
		chosen = append(chosen, relative)
	}
	t, err := planned(root, chosen, nil)
	if err != nil {
		return 0, err
	}
	if o.pin && len(t.workspace.Unpinned) > 0 {
		pins, err := pin.LookUp(ctx, bazel.Runner{Program: o.bazel, Dir: root, Progress: problems}, t.workspace.Unpinned)
		if err != nil {
			return 0, err
		}
		if t, err = planned(root, chosen, pins); err != nil {
			return 0, err
		}
	}
	w := t.workspace
	changes, err := t.changes()
	if err != nil {
		return 0, err
	}
	if o.statistics {
		report.Statistics(w, out)
		return 0, nil
	}
	different := 0
	if o.verify {
		if different, err = verify.Images(ctx, w, o.bazel, changes, problems); err != nil {
			return 0, err
		}
	}
	switch {
	case !o.write:
		change.PrintDiff(out, changes)
	case different > 0:
		fmt.Fprintf(problems, "no file is changed, because images differ; without --verify, --write changes them\n")
	default:
		if err := change.Write(w.Root, changes); err != nil {
			return 0, err
		}
	}
	skipped := report.Report(w, problems)
	if different > 0 {
		return skipped, errDiffers
	}
	return skipped, nil
}

// translation is a workspace and what is decided about its calls.
type translation struct {
	workspace *model.Workspace
	modules   *modules.Modules
	plan      *plan.Plan
}

func translate(w *model.Workspace) *translation {
	m := modules.Find(w) // the plan needs the tags that it finds
	return &translation{workspace: w, modules: m, plan: plan.New(w)}
}

// changes returns the files that change.
func (t *translation) changes() ([]change.Change, error) {
	return render.Changes(t.workspace, t.plan.Boundary, t.modules)
}

// planned reads a workspace and decides which calls of the chosen files are translated.
func planned(root string, chosen []string, pins map[string]model.Pin) (*translation, error) {
	w, err := workspace.Open(root, rules.Find)
	if err != nil {
		return nil, err
	}
	if err := workspace.Choose(w, chosen); err != nil {
		return nil, err
	}
	w.Pins = pins
	return translate(w), nil
}
