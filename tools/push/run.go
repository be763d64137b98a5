package main

import (
	"context"
	"crypto/tls"
	"errors"
	"flag"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/rules-strata/rules_strata/tools/internal/auth"
	"github.com/rules-strata/rules_strata/tools/internal/cli"
	"github.com/rules-strata/rules_strata/tools/internal/imageflags"
	"github.com/rules-strata/rules_strata/tools/internal/oci"
	"github.com/rules-strata/rules_strata/tools/internal/push"
	"github.com/rules-strata/rules_strata/tools/internal/reference"
	"github.com/rules-strata/rules_strata/tools/internal/registry"
)

var command = cli.Command{
	Name:    "push",
	Summary: "send an image or an index to a registry",
	Details: `
Flags of the user follow those of the build's rule: a second --repository replaces the first, each --tag adds one.
Without any --tag the image gets none and can be named by its digest only.

The references that can be used afterwards go to standard output, one a line. Credentials are those that "docker login"
and "podman login" left. A registry on this machine may do without TLS.`,
	New: newWork,
}

// settings are the values of the flags that are not the image's.
type settings struct {
	repository string
	tags       cli.Strings
	insecure   bool
	jobs       int
	dryRun     bool
	target     string
	cache      cacheFlags
}

func newWork(flags *flag.FlagSet) cli.Work {
	image := imageflags.Declare(flags)
	var s settings
	flags.StringVar(&s.repository, "repository", "", "`registry/repository` to push to, without a tag (required)")
	cli.Each(flags, "tag", "`tag` that the image gets (repeatable; none: by digest only)", s.addTag)
	flags.BoolVar(&s.insecure, "insecure", false, "accept an unknown certificate, or no TLS at all")
	flags.IntVar(&s.jobs, "jobs", 4, "`number` of blobs sent at the same time")
	flags.BoolVar(&s.dryRun, "dry-run", false, "ask the registry what is missing, send nothing")
	s.cache.declare(flags)
	flags.StringVar(&s.target, "target", "", "`label` of the build's target, for messages")
	return func(ctx context.Context, std cli.Streams) error {
		if err := cli.Require(flags, "repository"); err != nil {
			return err
		}
		if s.jobs < 1 {
			return cli.Usage("--jobs=%d: expected at least 1", s.jobs)
		}
		to, err := reference.ParseRepository(s.repository)
		if err != nil {
			return cli.Usage("--repository: %w", err)
		}
		if err := s.run(ctx, std, to, image); err != nil {
			if s.target != "" {
				return fmt.Errorf("%s: %w", s.target, err)
			}
			return err
		}
		return nil
	}
}

func (s *settings) addTag(tag string) error {
	if err := reference.CheckTag(tag); err != nil {
		return err
	}
	if !slices.Contains(s.tags, tag) {
		s.tags = append(s.tags, tag)
	}
	return nil
}

func (s *settings) run(ctx context.Context, std cli.Streams, to reference.Reference, image *imageflags.Flags) error {
	root, files, err := image.Image()
	if err != nil {
		return err
	}
	source, err := s.cache.behind(files)
	if err != nil {
		return err
	}
	store := auth.DefaultStore()
	client := registry.NewClient(registry.Options{Credentials: store, Insecure: s.insecure})
	repository, err := client.Repository(ctx, to, auth.PullPush)
	if err != nil {
		return err
	}
	err = push.Image(ctx, repository, source, root, push.Options{
		Tags: s.tags, Jobs: s.jobs, DryRun: s.dryRun,
		Progress: func(e push.Event) { fmt.Fprintln(std.Err, line(to, e)) },
	})
	if err != nil {
		return advise(err, to, store)
	}
	if s.dryRun {
		fmt.Fprintln(std.Err, "dry run: nothing was sent")
		return nil
	}
	for _, tag := range s.tags {
		if _, err := fmt.Fprintf(std.Out, "%s:%s@%s\n", to.Name(), tag, root.Digest); err != nil {
			return err
		}
	}
	_, err = fmt.Fprintf(std.Out, "%s@%s\n", to.Name(), root.Digest)
	return err
}

// line tells of one object.
func line(to reference.Reference, e push.Event) string {
	d := e.Object
	switch {
	case e.Tag != "":
		return fmt.Sprintf("tag %s:%s: %s", to.Name(), e.Tag, e.Outcome)
	case oci.IsIndex(d.MediaType):
		return fmt.Sprintf("index %s: %s", d.Digest, e.Outcome)
	case oci.IsManifest(d.MediaType):
		return fmt.Sprintf("manifest %s: %s", d.Digest, e.Outcome)
	}
	return fmt.Sprintf("blob %s (%d bytes): %s", d.Digest, d.Size, e.Outcome)
}

// advise adds what the user can do about a failure.
func advise(err error, to reference.Reference, store *auth.Store) error {
	var refusal *registry.Error
	var token *auth.TokenError
	var certificate *tls.CertificateVerificationError
	switch {
	case errors.As(err, &refusal) && isDenied(refusal.Status) && refusal.Anonymous:
		return cli.Hint(err,
			"no credential for %s was found in %s; \"docker login %[1]s\" or \"podman login %[1]s\" makes one",
			to.Registry, strings.Join(store.Files, ", "))
	case errors.As(err, &refusal) && isDenied(refusal.Status), errors.As(err, &token) && isDenied(token.Status):
		return cli.Hint(err, "the credential for %s is not accepted, or its owner may not push to %s",
			to.Registry, to.Repository)
	case errors.As(err, &certificate):
		return cli.Hint(err, "SSL_CERT_FILE names a file with further authorities; --insecure does without them")
	case errors.Is(err, http.ErrSchemeMismatch):
		return cli.Hint(err, "the registry has no TLS; --insecure allows that")
	}
	return err
}

func isDenied(status int) bool {
	return status == http.StatusUnauthorized || status == http.StatusForbidden
}
