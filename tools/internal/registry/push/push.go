// Package push pushes images to repositories with as few requests and bytes as possible.
//
// It checks whether a registry has each part before sending it, sends several blobs concurrently, and sends an object
// only after everything it refers to: blobs, manifests, indexes, tags. An interrupted push therefore never leaves a tag
// on an incomplete image, and the next push continues from there. Artifacts that refer to an image are sent after the image
// and before its tags, and a registry that does not list them itself gets the list. So are signatures, which are made once the
// registry has the image. A blob for several repositories of one registry is sent once and mounted into the others.
//
// Non-goals: the protocol (package registry), where the bytes come from (package content), terminals.
package push

import (
	"cmp"
	"context"
	"slices"
	"sync"

	"github.com/rules-strata/rules_strata/tools/internal/oci"
	"github.com/rules-strata/rules_strata/tools/internal/oci/content"
	"github.com/rules-strata/rules_strata/tools/internal/oci/digest"
	"github.com/rules-strata/rules_strata/tools/internal/oci/reference"
	"github.com/rules-strata/rules_strata/tools/internal/registry"
	"github.com/rules-strata/rules_strata/tools/internal/registry/auth"
)

// defaultJobs is how many blobs are sent concurrently by default. Docker and crane use the same number.
const defaultJobs = 4

// Task is one image or index to push to one repository.
type Task struct {
	// Target is the label of the build's target, for the report. It may be empty.
	Target string
	// To is the repository. Its tag and digest are ignored.
	To reference.Reference
	// Tags are the tags to set on Root once all of it is in the repository. Without tags, Root has only its digest as a
	// name.
	Tags []string
	// Root is the descriptor of the image or index, all of which is in Source.
	Root   oci.Descriptor
	Source content.Source
	// Referrers are artifacts to push after Root and before its tags. Each refers to Root, to an image in it, or to a referrer
	// before it. All of each is in Source.
	Referrers []oci.Descriptor
	// Signers sign Root after Referrers, and before its tags. A dry run does not start them.
	Signers []Signer
	// SignImages also signs each image of an index.
	SignImages bool
	// Signatures are the descriptors of what the signers have made. [Images] sets them.
	Signatures []oci.Descriptor
	// Remote are the layers that are known to be in other repositories. A layer is mounted from one of the same registry.
	Remote []content.RemoteLayer
}

// Options configure a push.
type Options struct {
	// Jobs is how many blobs are sent concurrently. Zero or less means 4.
	Jobs int
	// DryRun only queries the registries and sends nothing.
	DryRun bool
	// Progress is called for every object once it is done. Calls do not overlap. Nil means no reports.
	Progress func(Event)
}

// Images runs all tasks, several concurrently. It sets no tag before everything that every task needs is in place.
func Images(ctx context.Context, client *registry.Client, tasks []Task, o Options) error {
	if o.Jobs <= 0 {
		o.Jobs = defaultJobs
	}
	p := &push{Options: o, holders: make(map[digest.Digest][]string)}
	work, err := p.connect(ctx, client, tasks)
	if err != nil {
		return err
	}
	if err := p.run(ctx, work); err != nil {
		return err
	}
	for i, w := range work {
		tasks[i].Signatures = w.signatures
	}
	return nil
}

// push is a push in progress.
type push struct {
	Options
	holders map[digest.Digest][]string // the other repositories with a blob, best first
	mu      sync.Mutex                 // held while Progress is called
	listing sync.Mutex                 // held while a list of referrers is written
}

// connect connects to each repository once, so that all images for it share one login.
func (p *push) connect(ctx context.Context, client *registry.Client, tasks []Task) ([]*taskWork, error) {
	work := make([]*taskWork, len(tasks))
	repositories := make(map[string]*registry.Repository)
	for i, task := range tasks {
		name := task.To.Name()
		if repositories[name] == nil {
			repository, err := client.Repository(ctx, task.To, auth.PullPush)
			if err != nil {
				return nil, err
			}
			repositories[name] = repository
		}
		work[i] = &taskWork{Task: task, push: p, to: repositories[name]}
		for _, layer := range task.Remote {
			p.holders[layer.Descriptor.Digest] = layer.Sources
		}
	}
	return work, nil
}

// run runs the steps of all tasks: each step is done for every task before the next one begins.
func (p *push) run(ctx context.Context, work []*taskWork) error {
	all := func(step func(*taskWork, context.Context) error) error {
		return forEach(ctx, p.Jobs, work, func(ctx context.Context, w *taskWork) error { return step(w, ctx) })
	}
	if err := all((*taskWork).plan); err != nil {
		return err
	}
	if err := forEach(ctx, p.Jobs, blobJobs(work), p.sendBlob); err != nil {
		return err
	}
	if err := all((*taskWork).sendDocuments); err != nil {
		return err
	}
	if err := all((*taskWork).completeLists); err != nil {
		return err
	}
	if err := p.sign(ctx, work); err != nil {
		return err
	}
	return forEach(ctx, p.Jobs, byRepository(work), func(ctx context.Context, tasks []*taskWork) error {
		for _, w := range tasks {
			if err := w.sendTags(ctx); err != nil {
				return err
			}
		}
		return nil
	})
}

// byRepository groups tasks by their repositories, in which tags are set one after another. A registry that gets an image
// again for a tag may report it as unknown for a moment (distribution 2.8 with files), and then refuses an index that lists it.
func byRepository(work []*taskWork) [][]*taskWork {
	var groups [][]*taskWork
	number := make(map[*registry.Repository]int)
	for _, w := range work {
		n, ok := number[w.to]
		if !ok {
			n = len(groups)
			number[w.to] = n
			groups = append(groups, nil)
		}
		groups[n] = append(groups[n], w)
	}
	return groups
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
			isPlanned := slices.ContainsFunc(job.tasks, func(t *taskWork) bool { return t.to == task.to })
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
	holders := p.holders[job.Digest]
	for _, task := range job.tasks {
		outcome, from, err := task.sendBlob(ctx, job.Descriptor, holders)
		if err != nil {
			return err
		}
		p.emit(Event{Repository: task.to.Name(), Object: job.Descriptor, Outcome: outcome, From: from})
		if outcome != Missing && outcome != Foreign {
			holders = slices.Concat([]string{task.to.Name()}, holders)
		}
	}
	return nil
}
