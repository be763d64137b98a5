package main

import (
	"context"
	"flag"
	"fmt"

	"github.com/rules-strata/rules_strata/tools/internal/cli"
	"github.com/rules-strata/rules_strata/tools/internal/cli/launch"
	"github.com/rules-strata/rules_strata/tools/internal/cli/progress"
	"github.com/rules-strata/rules_strata/tools/internal/oci/content"
	"github.com/rules-strata/rules_strata/tools/internal/oci/digest"
	"github.com/rules-strata/rules_strata/tools/internal/registry"
	"github.com/rules-strata/rules_strata/tools/internal/registry/auth"
	"github.com/rules-strata/rules_strata/tools/internal/registry/push"
	"github.com/rules-strata/rules_strata/tools/internal/registry/remote"
)

var command = cli.Command{
	Name:    "push",
	Summary: "send images to registries",
	Details: `
Flags of the user follow those of the build's rule: a second --repository replaces the first, each --tag adds one.
Without any tag an image can be named by its digest only. Repositories and tags may hold variables of the workspace
status, as {{STABLE_NAME}}.

The references that can be used afterwards go to standard output, one a line. Credentials are those that "docker login"
and "podman login" left. A registry on this machine may do without TLS.`,
	New: newWork,
}

// settings are the flag values that do not belong to one image.
type settings struct {
	own      *destination
	pushes   cli.Strings
	insecure bool
	jobs     int
	dryRun   bool
	json     bool
	output   string
}

func newWork(flags *flag.FlagSet) cli.Work {
	s := settings{own: declareDestination(flags)}
	flags.Var(&s.pushes, "push", "`file` with the arguments of another image to push, one a line")
	flags.BoolVar(&s.insecure, "insecure", false, "accept an unknown certificate, or no TLS at all")
	flags.IntVar(&s.jobs, "jobs", 4, "`number` of blobs sent at the same time")
	flags.BoolVar(&s.dryRun, "dry-run", false, "ask the registries what is missing, send nothing")
	flags.BoolVar(&s.json, "json", false, "write to standard output what was pushed as JSON")
	flags.StringVar(&s.output, "output", "", "`file` to write that JSON to, too")
	return func(ctx context.Context, std cli.Streams) error {
		if s.jobs < 1 {
			return cli.Usage("--jobs=%d: expected at least 1", s.jobs)
		}
		if s.own.image.Root == "" && len(s.pushes) == 0 {
			return launch.Explain(cli.Require(flags, "root"))
		}
		if err := s.run(ctx, std); err != nil {
			if s.own.target != "" {
				return fmt.Errorf("%s: %w", s.own.target, err)
			}
			return err
		}
		return nil
	}
}

func (s *settings) run(ctx context.Context, std cli.Streams) error {
	destinations, err := readDestinations(s.own, s.pushes)
	if err != nil {
		return err
	}
	j := job{
		client:  registry.NewUserClient(s.insecure),
		options: push.Options{Jobs: s.jobs, DryRun: s.dryRun, Holders: make(map[digest.Digest][]string)},

		repositories: make(map[string]*registry.Repository),
	}
	for _, d := range destinations {
		if err := j.add(ctx, d); err != nil {
			return advise(err)
		}
	}
	display := progress.NewDisplay(std.Err, progress.Terminal(std.Err), &j.meter)
	severalPlaces := false
	for _, r := range j.results {
		severalPlaces = severalPlaces || r.Repository != j.results[0].Repository
	}
	j.options.Progress = func(e push.Event) { cli.Line(display, "%s", line(e, severalPlaces)) }
	err = push.Images(cli.WithNotices(ctx, display), j.tasks, j.options) // Notices do not break the progress bars.
	display.Close()
	if err != nil {
		return advise(err)
	}
	return s.show(std, j.results)
}

// job holds everything to push.
type job struct {
	client  *registry.Client
	meter   progress.Meter
	options push.Options
	tasks   []push.Task
	results []result

	repositories map[string]*registry.Repository // by name: one login for all images that go there
}

// add adds a destination.
func (j *job) add(ctx context.Context, d *destination) error {
	to, tags, err := d.names.Resolve()
	if err != nil {
		return err
	}
	image, err := d.image.Image()
	if err != nil {
		return err
	}
	j.results = append(j.results, newResult(d.target, to, image.Root, tags))
	repository := j.repositories[to.Name()]
	if repository == nil {
		if repository, err = j.client.Repository(ctx, to, auth.PullPush); err != nil {
			return err
		}
		j.repositories[to.Name()] = repository
	}
	for _, layer := range image.Remote {
		j.options.Holders[layer.Descriptor.Digest] = layer.Sources
	}
	source, err := d.cache.behind(content.Multi{image.Files, remote.New(j.client, image.Remote)})
	if err != nil {
		return err
	}
	j.tasks = append(j.tasks, push.Task{To: repository, Root: image.Root, Source: j.meter.Watch(source), Tags: tags})
	return nil
}

// line describes one object, with its repository if there are several.
func line(e push.Event, severalPlaces bool) string {
	text := describe(e) + ": " + string(e.Outcome)
	if e.From != "" {
		text += " from " + e.From
	}
	if severalPlaces && e.Tag == "" {
		text = e.Repository + ": " + text
	}
	return text
}
