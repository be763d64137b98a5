// Package documentflags is the flags that the tools for manifests and indexes share: annotations, and the outputs.
package documentflags

import (
	"flag"
	"fmt"

	"github.com/rules-strata/rules_strata/tools/internal/cli"
	"github.com/rules-strata/rules_strata/tools/internal/cli/pairs"
	"github.com/rules-strata/rules_strata/tools/internal/cli/stamp"
	"github.com/rules-strata/rules_strata/tools/internal/oci/wire"
)

// Flags are the values of the flags.
type Flags struct {
	// Outputs are the files to write.
	Outputs wire.Outputs

	annotations cli.Strings
	file        string // with annotations
	status      *stamp.Flags
}

// Declare declares --annotation, --annotations-file, --output, --descriptor, --digest, and the flags of package stamp. The
// document is "manifest" or "index", for the help.
func Declare(set *flag.FlagSet, document string) *Flags {
	f := &Flags{status: stamp.Declare(set)}
	set.Var(&f.annotations, "annotation", "annotation of the "+document+", as `key=value`")
	set.StringVar(&f.file, "annotations-file", "",
		"`file` with annotations, as KEY=VALUE lines or a JSON object; --annotation takes precedence")
	set.StringVar(&f.Outputs.Document, "output", "", "`file` to write the "+document+" to")
	set.StringVar(&f.Outputs.Descriptor, "descriptor", "", "`file` to write its descriptor to")
	set.StringVar(&f.Outputs.Digest, "digest", "", "`file` to write its digest to")
	return f
}

// Annotations returns the annotations of both flags, with the values of their variables.
func (f *Flags) Annotations() (map[string]string, error) {
	annotations, err := cli.Pairs("annotation", f.annotations)
	if err != nil {
		return nil, err
	}
	if annotations, err = pairs.Add(annotations, f.file); err != nil {
		return nil, err
	}
	scope, err := f.status.Scope()
	if err != nil {
		return nil, err
	}
	if annotations, err = scope.ExpandAll(annotations); err != nil {
		return nil, fmt.Errorf("annotations: %w", err)
	}
	return annotations, nil
}
