package push

import (
	"context"

	"github.com/rules-strata/rules_strata/tools/internal/oci"
	"github.com/rules-strata/rules_strata/tools/internal/oci/content"
	"github.com/rules-strata/rules_strata/tools/internal/registry/sign"
)

// Signer makes signatures of an image, or other artifacts that are about it. [sign.Program] is one.
type Signer interface {
	// Sign returns artifacts whose subject is the image or the index that the descriptor names.
	Sign(ctx context.Context, subject oci.Descriptor) (sign.Artifacts, error)
}

// sign runs the signers of all tasks one by one, because they may prompt the user, and pushes what they return.
func (p *push) sign(ctx context.Context, work []*taskWork) error {
	if p.DryRun {
		return nil
	}
	for _, w := range work {
		made, err := w.sign(ctx)
		if err != nil {
			return err
		}
		if len(made) == 0 {
			continue
		}
		if err := p.run(ctx, made); err != nil {
			return err
		}
		for _, signature := range made {
			w.signatures = append(w.signatures, signature.Root)
		}
	}
	return nil
}

// sign runs the task's signers. It returns the pushes of the signatures.
func (w *taskWork) sign(ctx context.Context) ([]*taskWork, error) {
	if len(w.Signers) == 0 {
		return nil, nil
	}
	subjects := []oci.Descriptor{w.Root}
	if w.SignImages && oci.IsIndex(w.Root.MediaType) {
		images, err := content.ListImages(ctx, w.Source, w.Root)
		if err != nil {
			return nil, err
		}
		for _, image := range images {
			subjects = append(subjects, image.Descriptor)
		}
	}
	var made []*taskWork
	for _, signer := range w.Signers {
		for _, subject := range subjects {
			signatures, err := signer.Sign(ctx, subject)
			if err != nil {
				return nil, err
			}
			for _, root := range signatures.Roots {
				made = append(made, &taskWork{Task: Task{To: w.To, Root: root, Source: signatures.Source}, push: w.push, to: w.to})
			}
		}
	}
	return made, nil
}
