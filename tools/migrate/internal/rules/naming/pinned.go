package naming

import (
	"fmt"

	"github.com/rules-strata/rules_strata/tools/migrate/internal/model"
)

// pinned returns the name and the digest of the image that a pull without a digest means, if --pin has looked it up. If not,
// it refuses the call. A tag or a digest that only Bazel knows cannot be looked up.
func pinned(c *model.Call, name, repository string) (reference, digest string, ok bool) {
	tag, literal := "latest", true
	if c.Attr("tag") != nil {
		tag, literal = constant(c, "tag")
	}
	if !literal {
		tag = "TAG"
	}
	literal = literal && c.Attr("digest") == nil
	reference = repository + ":" + tag
	reason, advice := "the image is not pinned by a digest", fmt.Sprintf("use --pin, or bazel run @rules_strata//rules:lock -- add %s %s", name, reference)
	found, known := c.File.Workspace.Pins[reference]
	switch {
	case literal && known && found.Problem == "":
		c.Note("%s is pinned to %s", reference, found.Digest)
		return reference, found.Digest, true
	case literal && known:
		reason, advice = "the registry has no digest for "+reference+": "+found.Problem, "check the name and the credentials, or write the digest"
	case literal && c.File.Chosen:
		c.File.Workspace.Unpinned = append(c.File.Workspace.Unpinned, reference)
	case !literal:
		advice = fmt.Sprintf("write the digest, or bazel run @rules_strata//rules:lock -- add %s %s", name, reference)
	}
	c.Refuse("digest", "no-digest", reason, advice)
	return "", "", false
}
