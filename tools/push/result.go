package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/rules-strata/rules_strata/tools/internal/atomicfile"
	"github.com/rules-strata/rules_strata/tools/internal/cli"
	"github.com/rules-strata/rules_strata/tools/internal/oci"
	"github.com/rules-strata/rules_strata/tools/internal/oci/digest"
	"github.com/rules-strata/rules_strata/tools/internal/oci/reference"
	"github.com/rules-strata/rules_strata/tools/internal/registry/push"
)

// report is the JSON of --json and --output.
type report struct {
	// DryRun is true if nothing was pushed.
	DryRun bool     `json:"dry_run,omitempty"`
	Pushes []result `json:"pushes"`
}

// result is one image in one repository.
type result struct {
	Target     string        `json:"target,omitempty"` // label of the build's target
	Repository string        `json:"repository"`
	Digest     digest.Digest `json:"digest"`
	MediaType  string        `json:"mediaType"`
	Tags       []string      `json:"tags"`
	// References are the references that resolve to the image: REPOSITORY:TAG@DIGEST for each tag, then REPOSITORY@DIGEST.
	References []string `json:"references"`
}

func newResult(target string, to reference.Reference, root oci.Descriptor, tags []string) result {
	r := result{
		Target: target, Repository: to.Name(), Digest: root.Digest, MediaType: root.MediaType,
		Tags: append([]string{}, tags...),
	}
	for _, tag := range append(tags, "") {
		name := reference.Reference{Registry: to.Registry, Repository: to.Repository, Tag: tag, Digest: root.Digest}
		r.References = append(r.References, name.String())
	}
	return r
}

// show writes the results to standard output and, if there is one, to the file of --output.
func (s *settings) show(std cli.Streams, results []result) error {
	data, err := json.MarshalIndent(report{s.dryRun, results}, "", "  ")
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
		_, err := std.Out.Write(data)
		return err
	}
	if s.dryRun {
		return nil
	}
	for _, r := range results {
		if _, err := fmt.Fprintln(std.Out, strings.Join(r.References, "\n")); err != nil {
			return err
		}
	}
	return nil
}

// describe names one object of a push.
func describe(e push.Event) string {
	d := e.Object
	switch {
	case e.Tag != "":
		return fmt.Sprintf("tag %s:%s", e.Repository, e.Tag)
	case oci.IsIndex(d.MediaType):
		return "index " + d.Digest.String()
	case oci.IsManifest(d.MediaType):
		return "manifest " + d.Digest.String()
	}
	return fmt.Sprintf("blob %s (%d bytes)", d.Digest, d.Size)
}

// advise adds a hint about how to fix a failure, unless the error of a registry or the cache already has one.
func advise(err error) error {
	var mismatch *digest.MismatchError
	if errors.As(err, &mismatch) {
		return cli.Hint(err, "a layer file was changed after it was built; rebuild it")
	}
	return err
}
