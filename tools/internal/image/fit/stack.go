// Package fit checks that the layers of an image fit together and with its config: that no layer replaces a directory of
// a lower one by accident, that the user exists and can enter the program's directory, and that the program's interpreter
// exists.
//
// It reads the shapes of layers (package shape), and no layer. It rejects only what certainly fails.
package fit

import (
	"errors"
	"fmt"

	"github.com/rules-strata/rules_strata/tools/internal/layer/shape"
	"github.com/rules-strata/rules_strata/tools/internal/message"
)

// Base describes the layers of a base image.
type Base struct {
	// Exists is set if the image has a base.
	Exists bool
	// Shapes are the files with the shapes of its layers, the lowest first.
	Shapes []string
	// Partial is set if the shapes of some layers are unknown.
	Partial bool
}

// Layer describes a layer that the image adds.
type Layer struct {
	// Name names the layer in messages.
	Name string
	// Shape is the file with the layer's shape, or "" if it is unknown.
	Shape string
}

// Stack returns the combined shape of the layers of base and of layers, the lowest first. It returns an
// error if implied directories of a layer would replace something in a lower one. Programs and accounts are unknown in the
// result if the shape of a layer is.
func Stack(base Base, layers []Layer) (*shape.Shape, error) {
	var below shape.Shape
	if base.Exists {
		below.ForgetAccounts() // A shape in an old lock file does not have them.
		if len(base.Shapes) == 0 || base.Partial {
			below.ForgetPrograms()
		}
	}
	for _, path := range base.Shapes {
		s, err := shape.Read(path)
		if err != nil {
			return nil, err
		}
		below.Put(s) // the base was checked when it was built
	}
	for number, layer := range layers {
		if layer.Shape == "" {
			below.ForgetPrograms()
			below.ForgetAccounts()
			continue
		}
		s, err := shape.Read(layer.Shape)
		if err != nil {
			return nil, err
		}
		if clashes := below.Put(s); clashes != nil {
			return nil, refuse(fmt.Sprintf("layer %d (%s)", number+1, layer.Name), clashes)
		}
	}
	return &below, nil
}

// refuse lists everything that a layer would replace, and how to fix it.
func refuse(layer string, clashes []shape.Clash) error {
	var all []error
	moves := ""
	for _, c := range clashes {
		all = append(all, fmt.Errorf("%s: %s", layer, c))
		if c.Target != "" && moves == "" {
			moves = fmt.Sprintf("put the contents of %s into %s; or ", c.Path, c.Instead())
		}
	}
	return message.Hint(errors.Join(all...), "%sset over to the image's base in the layer; or state the path there: %s", moves,
		shape.Fix(clashes))
}
