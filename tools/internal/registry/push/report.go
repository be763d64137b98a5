package push

import (
	"github.com/rules-strata/rules_strata/tools/internal/oci/digest"
	"github.com/rules-strata/rules_strata/tools/internal/oci/reference"
)

// Report describes a push to other programs.
type Report struct {
	// DryRun is true if nothing was pushed.
	DryRun bool `json:"dry_run,omitempty"`
	// Pushes has one entry for each task.
	Pushes []Result `json:"pushes"`
}

// Result is one image in one repository.
type Result struct {
	// Target is the label of the build's target, or empty.
	Target     string        `json:"target,omitempty"`
	Repository string        `json:"repository"`
	Digest     digest.Digest `json:"digest"`
	MediaType  string        `json:"mediaType"`
	Tags       []string      `json:"tags"`
	// Referrers are the artifacts that were pushed with the image.
	Referrers []digest.Digest `json:"referrers,omitempty"`
	// Signatures are the artifacts that signers have made.
	Signatures []digest.Digest `json:"signatures,omitempty"`
	// References are the references that resolve to the image: REPOSITORY:TAG@DIGEST for each tag, then REPOSITORY@DIGEST.
	References []string `json:"references"`
}

// NewReport returns the report of the tasks, once [Images] has run them.
func NewReport(tasks []Task, dryRun bool) Report {
	report := Report{DryRun: dryRun, Pushes: []Result{}}
	for _, task := range tasks {
		report.Pushes = append(report.Pushes, task.result())
	}
	return report
}

func (t Task) result() Result {
	r := Result{
		Target: t.Target, Repository: t.To.Name(), Digest: t.Root.Digest, MediaType: t.Root.MediaType,
		Tags: append([]string{}, t.Tags...), // in JSON, no tags are [] and not null
	}
	for _, d := range t.Referrers {
		r.Referrers = append(r.Referrers, d.Digest)
	}
	for _, d := range t.Signatures {
		r.Signatures = append(r.Signatures, d.Digest)
	}
	name := reference.Reference{Registry: t.To.Registry, Repository: t.To.Repository, Digest: t.Root.Digest}
	for _, tag := range append(r.Tags, "") {
		name.Tag = tag
		r.References = append(r.References, name.String())
	}
	return r
}
