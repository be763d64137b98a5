package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"strings"

	"github.com/rules-strata/rules_strata/tools/internal/atomicfile"
	"github.com/rules-strata/rules_strata/tools/internal/cli"
	"github.com/rules-strata/rules_strata/tools/internal/cli/launch"
	"github.com/rules-strata/rules_strata/tools/internal/cli/progress"
	"github.com/rules-strata/rules_strata/tools/internal/cli/registryflags"
	"github.com/rules-strata/rules_strata/tools/internal/oci/digest"
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
	registry *registryflags.Flags
	jobs     int
	dryRun   bool
	json     bool
	output   string
}

func newWork(flags *flag.FlagSet) cli.Work {
	s := settings{own: declareDestination(flags), registry: registryflags.Declare(flags)}
	flags.Var(&s.pushes, "push", "`file` with the arguments of another image to push, one per line")
	flags.IntVar(&s.jobs, "jobs", 4, "`number` of blobs to send at the same time")
	flags.BoolVar(&s.dryRun, "dry-run", false, "only query the registries for missing blobs, send nothing")
	flags.BoolVar(&s.json, "json", false, "write a JSON report of the push to standard output")
	flags.StringVar(&s.output, "output", "", "`file` to write that report to, too")
	return func(ctx context.Context, std cli.Streams) error {
		if s.jobs < 1 {
			return cli.Usage("--jobs=%d: expected at least 1", s.jobs)
		}
		if s.own.image.Root == "" && len(s.pushes) == 0 {
			return launch.Explain(cli.Require(flags, "root"))
		}
		err := s.run(ctx, std)
		if err != nil && s.own.target != "" {
			return fmt.Errorf("%s: %w", s.own.target, err)
		}
		return err
	}
}

func (s *settings) run(ctx context.Context, std cli.Streams) error {
	destinations, err := readDestinations(s.own, s.pushes)
	if err != nil {
		return err
	}
	client := s.registry.Client()
	var meter progress.Meter
	var tasks []push.Task
	severalPlaces := false
	for _, d := range destinations {
		all, err := d.tasks(ctx, client)
		if err != nil && d != s.own {
			return fmt.Errorf("%s: %w", d.target, err)
		}
		if err != nil {
			return err
		}
		source := meter.Watch(all[0].Source)
		for _, task := range all {
			task.Source = source
			tasks = append(tasks, task)
			severalPlaces = severalPlaces || task.To.Name() != tasks[0].To.Name()
		}
	}
	display := progress.NewDisplay(std.Err, progress.Terminal(std.Err), &meter)
	err = push.Images(cli.WithNotices(ctx, display), client, tasks, push.Options{
		Jobs: s.jobs, DryRun: s.dryRun, Progress: func(e push.Event) { cli.Line(display, "%s", line(e, severalPlaces)) },
	})
	display.Close()
	if mismatch := (*digest.MismatchError)(nil); errors.As(err, &mismatch) {
		return cli.Hint(err, "a layer file was changed after it was built; rebuild it")
	}
	if err != nil {
		return err
	}
	return s.show(std, push.NewReport(tasks, s.dryRun))
}

// line describes one object, with its repository if there are several.
func line(e push.Event, severalPlaces bool) string {
	if severalPlaces && e.Tag == "" { // a tag includes its repository
		return e.Repository + ": " + e.String()
	}
	return e.String()
}

// show writes the references or the report to standard output, and the report to the file of --output.
func (s *settings) show(std cli.Streams, report push.Report) error {
	data, err := report.Marshal()
	if err != nil {
		return err
	}
	if s.output != "" {
		if err := atomicfile.WriteDurably(s.output, data); err != nil {
			return err
		}
	}
	if s.dryRun {
		fmt.Fprintln(std.Err, "dry run: nothing was sent")
	}
	if s.json {
		_, err := std.Out.Write(data)
		return err
	}
	if s.dryRun {
		return nil
	}
	for _, r := range report.Pushes {
		if _, err := fmt.Fprintln(std.Out, strings.Join(r.References, "\n")); err != nil {
			return err
		}
	}
	return nil
}
