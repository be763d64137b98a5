package main

import (
	"errors"
	"fmt"

	"github.com/rules-strata/rules_strata/tools/internal/cli"
	"github.com/rules-strata/rules_strata/tools/internal/shape"
)

// checkShapes refuses layers that change, by directories which they merely imply, what is below. A layer that has no
// shape is passed over.
func (o *options) checkShapes() error {
	var below shape.Shape
	for _, path := range o.baseShapes {
		s, err := shape.Read(path)
		if err != nil {
			return err
		}
		below.Put(s) // the base was checked when it was made
	}
	for number, layer := range o.layers {
		if layer.shape == "" {
			continue
		}
		s, err := shape.Read(layer.shape)
		if err != nil {
			return err
		}
		if clashes := below.Put(s); clashes != nil {
			return refuse(fmt.Sprintf("layer %d (%s)", number+1, layer.descriptor), clashes)
		}
	}
	return nil
}

// refuse names all that a layer would change, and what mends it.
func refuse(layer string, clashes []shape.Clash) error {
	var all []error
	moves := ""
	for _, c := range clashes {
		all = append(all, fmt.Errorf("%s: %s", layer, c))
		if c.Target != "" && moves == "" {
			moves = fmt.Sprintf("put what is in %s into %s; or ", c.Path, c.Instead())
		}
	}
	return cli.Hint(errors.Join(all...), "%sset over to the image's base in the layer; or state there what it is to be: %s", moves, shape.Fix(clashes))
}
