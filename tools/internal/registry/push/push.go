// Package push pushes images to repositories with as few requests and bytes as possible.
//
// It checks whether a registry has each part before sending it, sends several blobs concurrently, and sends an object
// only after everything it refers to: blobs, manifests, indexes, tags. An interrupted push therefore never leaves a tag
// on an incomplete image, and the next push continues from there. A blob for several repositories of one registry is
// sent once and mounted into the others.
//
// Non-goals: the protocol (package registry), where the bytes come from (package content), names and terminals.
package push

import (
	"cmp"
	"context"
	"slices"
	"sync"

	"github.com/rules-strata/rules_strata/tools/internal/oci"
	"github.com/rules-strata/rules_strata/tools/internal/oci/content"
	"github.com/rules-strata/rules_strata/tools/internal/oci/digest"
	"github.com/rules-strata/rules_strata/tools/internal/registry"
)

// defaultJobs is how many blobs are sent concurrently by default. Docker and crane use the same number.
const defaultJobs = 4

// Task is one image or index to push to one repository.
type Task struct {
	// To is the repository. Its blobs are not read.
	To *registry.Repository
	// Root is the descriptor of the image or index, all of which is in Source.
	Root   oci.Descriptor
	Source content.Source
	// Tags are the tags to set on Root once all of it is in the repository. Without tags, Root has only its digest as a
	// name.
	Tags []string
}

// Options configure a push.
type Options struct {
	// Jobs is how many blobs are sent concurrently. Zero or less means 4.
	Jobs int
	// DryRun only queries the registries and sends nothing.
	DryRun bool
	// Holders returns the repositories, as "registry/repository", that are known to hold a blob, best first.
	Holders map[digest.Digest][]string
	// Progress is called for every object once it is done. Calls do not overlap. Nil means no reports.
	Progress func(Event)
}

// Outcome is the result for one object of a push.
type Outcome string

// The outcomes.
const (
	Pushed  Outcome = "pushed"
	Mounted Outcome = "mounted"
	Present Outcome = "already there"
	Missing Outcome = "would be pushed" // in a dry run
	Foreign Outcome = "not distributable, its address is in the manifest"
)

// Event reports the outcome for one object of a push.
type Event struct {
	// Repository is where the object is now, as "registry/repository".
	Repository string
	// Object is the blob, manifest or index. For a tag it is the manifest or index that the tag now names.
	Object oci.Descriptor
	// Tag is the tag that was set on the object, or empty.
	Tag string
	// Outcome is the result for the object.
	Outcome Outcome
	// From is the repository that a blob was mounted from.
	From string
}

// Images runs all tasks, several concurrently. It sets no tag before everything that every task needs is in place.
func Images(ctx context.Context, tasks []Task, o Options) error {
	if o.Jobs <= 0 {
		o.Jobs = defaultJobs
	}
	p := &push{Options: o}
	work := make([]*taskWork, len(tasks))
	for i, task := range tasks {
		work[i] = &taskWork{Task: task, push: p}
	}
	all := func(step func(*taskWork, context.Context) error) error {
		return forEach(ctx, o.Jobs, work, func(ctx context.Context, w *taskWork) error { return step(w, ctx) })
	}
	if err := all((*taskWork).plan); err != nil {
		return err
	}
	if err := forEach(ctx, o.Jobs, blobJobs(work), p.sendBlob); err != nil {
		return err
	}
	if err := all((*taskWork).sendDocuments); err != nil {
		return err
	}
	return all((*taskWork).sendTags)
}

// push is a push in progress.
type push struct {
	Options
	mu sync.Mutex // held while Progress is called
}

func (p *push) emit(e Event) {
	if p.Progress == nil {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.Progress(e)
}

// blobJob is one blob and the tasks that need it, one for each repository.
type blobJob struct {
	oci.Descriptor
	tasks []*taskWork
}

// blobJobs returns the blobs that the tasks have planned, the largest first, because the others would end up waiting
// for it.
func blobJobs(tasks []*taskWork) []*blobJob {
	byDigest := make(map[digest.Digest]*blobJob)
	var jobs []*blobJob
	for _, task := range tasks {
		for _, blob := range task.blobs {
			job := byDigest[blob.Digest]
			if job == nil {
				job = &blobJob{Descriptor: blob}
				byDigest[blob.Digest] = job
				jobs = append(jobs, job)
			}
			isPlanned := slices.ContainsFunc(job.tasks, func(t *taskWork) bool { return t.To.Name() == task.To.Name() })
			if !isPlanned {
				job.tasks = append(job.tasks, task)
			}
		}
	}
	slices.SortStableFunc(jobs, func(a, b *blobJob) int { return cmp.Compare(b.Size, a.Size) })
	return jobs
}

// sendBlob sends a blob to the repositories that need it one by one, so that all but the first can mount it.
func (p *push) sendBlob(ctx context.Context, job *blobJob) error {
	holders := p.Holders[job.Digest]
	for _, task := range job.tasks {
		outcome, from, err := task.sendBlob(ctx, job.Descriptor, holders)
		if err != nil {
			return err
		}
		p.emit(Event{Repository: task.To.Name(), Object: job.Descriptor, Outcome: outcome, From: from})
		if outcome != Missing && outcome != Foreign {
			holders = slices.Concat([]string{task.To.Name()}, holders)
		}
	}
	return nil
}
