package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/rules-strata/rules_strata/tools/internal/atomicfile"
	"github.com/rules-strata/rules_strata/tools/internal/cli"
	"github.com/rules-strata/rules_strata/tools/internal/cli/launch"
	"github.com/rules-strata/rules_strata/tools/internal/cli/progress"
	"github.com/rules-strata/rules_strata/tools/internal/cli/registryflags"
	"github.com/rules-strata/rules_strata/tools/internal/oci/digest"
	"github.com/rules-strata/rules_strata/tools/internal/registry"
	"github.com/rules-strata/rules_strata/tools/internal/registry/push"
)

var command = cli.Command{
	Name:    "push",
	Summary: "send images to registries",
	Details: `
Your flags follow those of the build's rule: a second --repository replaces the first, each --tag adds one. Without tags,
an image can only be pulled by its digest. Repositories and tags may contain variables of the workspace status, as
{{STABLE_NAME}} or, with a default, {{STABLE_NAME|dev}}. In tags, {{DIGEST}} is "sha256-" and the digits of the image's
digest, and {{SHORT_DIGEST}} the first 12 of them. A tag with {{ARCH}} ("arm64") or {{PLATFORM}} ("linux-arm64") is set on
each image of an index instead of the index.

Standard output gets the references that now resolve, one per line. Credentials are those of "docker login" and
"podman login". TLS is optional for a registry on this machine.`,
	New: newWork,
}

// settings are the values of the flags that do not belong to one image.
type settings struct {
	own      *destination
	pushes   cli.Strings
	loads    []load
	registry *registryflags.Flags
	jobs     int
	dryRun   bool
	json     bool
	output   string
}

func newWork(flags *flag.FlagSet) cli.Work {
	s := settings{own: declareDestination(flags), registry: registryflags.Declare(flags)}
	flags.Var(&s.pushes, "push", "`file` with the arguments of another image to push, one per line")
	cli.Each(flags, "load", "`label=program`: a program to run after the pushes, which loads images into an engine",
		func(value string) error {
			l, err := parseLoad(value)
			s.loads = append(s.loads, l)
			return err
		})
	flags.IntVar(&s.jobs, "jobs", 4, "`number` of blobs to send at the same time")
	flags.BoolVar(&s.dryRun, "dry-run", false, "only query the registries for missing blobs, send nothing")
	flags.BoolVar(&s.json, "json", false, "write a JSON report of the push to standard output")
	flags.StringVar(&s.output, "output", "", "`file` to write that report to, too")
	return func(ctx context.Context, std cli.Streams) error {
		if s.jobs < 1 {
			return cli.Usage("--jobs=%d: expected at least 1", s.jobs)
		}
		if s.own.image.Root == "" && len(s.pushes) == 0 && len(s.loads) == 0 {
			return launch.Explain(cli.Require(flags, "root"))
		}
		err := launch.ExplainMissing(s.run(ctx, std))
		if err != nil && s.own.target != "" {
			return fmt.Errorf("%s: %w", s.own.target, err)
		}
		return err
	}
}

func (s *settings) run(ctx context.Context, std cli.Streams) error {
	var meter progress.Meter
	client := s.registry.Client()
	tasks, err := s.tasks(ctx, client, &meter, std.Err)
	if err != nil {
		return err
	}
	pushErr := s.push(ctx, std, client, tasks, &meter)
	all := report{Report: push.NewReport(tasks, s.dryRun)}
	if pushErr == nil && !s.json && !s.dryRun {
		pushErr = all.print(std.Out)
	}
	var loadErr error
	if !s.dryRun && ctx.Err() == nil {
		names := std.Out
		if s.json {
			names = io.Discard // the report has them
		}
		all.Loads, loadErr = s.runLoads(ctx, names, std.Err)
	}
	if pushErr != nil {
		return pushErr
	}
	if err := s.show(std, all); err != nil {
		return err
	}
	return loadErr
}

// tasks returns the pushes, whose blobs the meter counts.
func (s *settings) tasks(
	ctx context.Context, client *registry.Client, meter *progress.Meter, stderr io.Writer,
) ([]push.Task, error) {
	destinations, err := readDestinations(s.own, s.pushes)
	if err != nil {
		return nil, err
	}
	var tasks []push.Task
	for _, d := range destinations {
		all, err := d.tasks(ctx, client, stderr)
		if err != nil && d != s.own {
			return nil, fmt.Errorf("%s: %w", d.target, err)
		}
		if err != nil {
			return nil, err
		}
		source := meter.Watch(all[0].Source) // the first has everything
		for _, task := range all {
			task.Source = source
			tasks = append(tasks, task)
		}
	}
	return tasks, nil
}

// push runs the tasks.
func (s *settings) push(
	ctx context.Context, std cli.Streams, client *registry.Client, tasks []push.Task, meter *progress.Meter,
) error {
	if len(tasks) == 0 {
		return nil
	}
	severalPlaces := slices.ContainsFunc(tasks, func(t push.Task) bool { return t.To.Name() != tasks[0].To.Name() })
	display := progress.NewDisplay(std.Err, progress.Terminal(std.Err), meter)
	err := push.Images(cli.WithNotices(ctx, display), client, tasks, push.Options{
		Jobs: s.jobs, DryRun: s.dryRun, Progress: func(e push.Event) { cli.Line(display, "%s", line(e, severalPlaces)) },
	})
	display.Close()
	if mismatch := (*digest.MismatchError)(nil); errors.As(err, &mismatch) {
		return cli.Hint(err, "a layer file was changed after it was built; rebuild it")
	}
	return err
}

// line describes one object, with its repository if there are several.
func line(e push.Event, severalPlaces bool) string {
	if severalPlaces && e.Tag == "" { // a tag includes its repository
		return e.Repository + ": " + e.String()
	}
	return e.String()
}

// report describes pushes and loads to other programs.
type report struct {
	push.Report
	// Loads has one entry for each load.
	Loads []loadResult `json:"loads,omitempty"`
}

// print writes the references to standard output.
func (r report) print(stdout io.Writer) error {
	for _, r := range r.Pushes {
		if _, err := fmt.Fprintln(stdout, strings.Join(r.References, "\n")); err != nil {
			return err
		}
	}
	return nil
}

// show writes the report to the file of --output and, with --json, to standard output.
func (s *settings) show(std cli.Streams, all report) error {
	data, err := json.MarshalIndent(all, "", "  ")
	if err != nil {
		return err
	}
	data = append(data, '\n')
	if s.output != "" {
		if err := atomicfile.WriteDurably(s.output, data); err != nil {
			return err
		}
	}
	if s.dryRun {
		fmt.Fprintln(std.Err, "dry run: nothing was sent")
	}
	if s.json {
		_, err = std.Out.Write(data)
	}
	return err
}
