// Package push makes images part of repositories with as few requests and bytes as that takes.
//
// The registries are asked for every part before it is sent, blobs travel several at once, and what refers to something
// comes after it: blobs, manifests, indexes, tags. A push that breaks off therefore leaves no name for half an image,
// and the next one goes on from there. A blob that several repositories of one registry shall have is sent once and
// mounted into the others.
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

// defaultJobs is how many blobs travel at once where nothing else is said: as many as Docker and crane send.
const defaultJobs = 4

// Task is one image or index that shall be in one repository.
type Task struct {
	// To is the repository. What it has is not read.
	To *registry.Repository
	// Root is the descriptor of the image or index, all of which is in Source.
	Root   oci.Descriptor
	Source content.Source
	// Tags are the tags to give to Root, when all of it is there. Without any it can be named by its digest only.
	Tags []string
}

// Options say how images are pushed.
type Options struct {
	// Jobs is how many blobs are sent at the same time. Zero or less means 4.
	Jobs int
	// DryRun asks the registries what they have, and sends nothing.
	DryRun bool
	// Holders names repositories, as "registry/repository", that are known to hold a blob, best first.
	Holders map[digest.Digest][]string
	// Progress is told of every object, once that is dealt with. Calls do not overlap. Nil means nobody listens.
	Progress func(Event)
}

// Outcome is what became of one object of a push.
type Outcome string

// The outcomes.
const (
	Pushed  Outcome = "pushed"
	Mounted Outcome = "mounted"
	Present Outcome = "already there"
	Missing Outcome = "would be pushed" // in a dry run
	Foreign Outcome = "not distributable, its address is in the manifest"
)

// Event tells of one object of a push.
type Event struct {
	// Repository is where the object is now, as "registry/repository".
	Repository string
	// Object is the blob, manifest or index. For a tag it is what the tag now names.
	Object oci.Descriptor
	// Tag is the tag that was given to the object, or empty.
	Tag string
	// Outcome is what became of it.
	Outcome Outcome
	// From is the repository that a blob was mounted from.
	From string
}

// Images does all tasks, several at a time. No tag is set before all that every task needs is there.
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

// push is a push under way.
type push struct {
	Options
	mu sync.Mutex // held while Progress is told
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

// blobJobs returns the blobs that the tasks have planned, the largest first: it is the one that others would wait for.
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

// sendBlob sends a blob to the repositories that need it, one after the other, so that all but the first can mount it.
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
