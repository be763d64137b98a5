package main

import (
	"context"
	"fmt"
	"slices"
)

// pin is the result of looking up a tag in a registry.
type pin struct {
	digest  string
	problem string // why there is no digest
}

// pinned returns the name and the digest of the image that a pull without a digest means, if --pin has looked it up. If not,
// it refuses the call. A tag or a digest that only Bazel knows cannot be looked up.
func (c *call) pinned(name, repository string) (reference, digest string, ok bool) {
	tag, literal := "latest", true
	if c.attr("tag") != nil {
		tag, literal = c.constant("tag")
	}
	if !literal {
		tag = "TAG"
	}
	literal = literal && c.attr("digest") == nil
	reference = repository + ":" + tag
	reason, advice := "the image is not pinned by a digest", fmt.Sprintf("use --pin, or bazel run @rules_strata//rules:lock -- add %s %s", name, reference)
	found, known := c.file.workspace.pins[reference]
	switch {
	case literal && known && found.problem == "":
		c.note("%s is pinned to %s", reference, found.digest)
		return reference, found.digest, true
	case literal && known:
		reason, advice = "the registry has no digest for "+reference+": "+found.problem, "check the name and the credentials, or write the digest"
	case literal && c.file.chosen:
		c.file.workspace.unpinned = append(c.file.workspace.unpinned, reference)
	case !literal:
		advice = fmt.Sprintf("write the digest, or bazel run @rules_strata//rules:lock -- add %s %s", name, reference)
	}
	c.refuse("digest", "no-digest", reason, advice)
	return "", "", false
}

// lookUp asks registries for the digests of images.
func lookUp(ctx context.Context, b bazel, references []string) (map[string]pin, error) {
	image, err := b.image(ctx)
	if err != nil {
		return nil, fmt.Errorf("--pin: %w", err)
	}
	slices.Sort(references)
	found := map[string]pin{}
	for _, reference := range slices.Compact(references) {
		var roots []node
		err := image.read(ctx, &roots, "inspect", "--json", "docker://"+reference)
		switch {
		case ctx.Err() != nil:
			return nil, ctx.Err()
		case err != nil:
			found[reference] = pin{problem: err.Error()}
		case len(roots) != 1 || !isDigest(roots[0].Digest):
			return nil, fmt.Errorf("--pin: %s: the image tool printed no digest", reference)
		default:
			found[reference] = pin{digest: roots[0].Digest}
		}
	}
	return found, nil
}
