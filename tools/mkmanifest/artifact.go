package main

import (
	"flag"

	"github.com/rules-strata/rules_strata/tools/internal/cli"
	"github.com/rules-strata/rules_strata/tools/internal/image"
	"github.com/rules-strata/rules_strata/tools/internal/oci/wire"
)

// artifactFlags are the flags for the manifest of an artifact.
type artifactFlags struct {
	artifact      bool
	kind, subject string
}

func (f *artifactFlags) declare(flags *flag.FlagSet) {
	flags.BoolVar(&f.artifact, "artifact", false,
		"write the manifest of an artifact, whose config and files have any media type; a config is optional")
	flags.StringVar(&f.kind, "artifact-type", "", "media `type` of the artifact; implies --artifact")
	flags.StringVar(&f.subject, "subject", "",
		"`file` with the descriptor of the image, index or artifact that the artifact is about; implies --artifact")
}

// given reports whether the manifest is that of an artifact.
func (f *artifactFlags) given() bool { return f.artifact || f.kind != "" || f.subject != "" }

// artifactManifest returns the manifest of an artifact.
func (o *options) artifactManifest(annotations map[string]string) (image.Document, error) {
	if o.base != "" {
		return image.Document{}, cli.Usage("--base-manifest=%s: an artifact has no base", o.base)
	}
	artifact := image.Artifact{Type: o.artifact.kind, Annotations: annotations}
	if o.config != "" {
		config, err := wire.ReadDescriptor(o.config)
		if err != nil {
			return image.Document{}, err
		}
		artifact.Config = &config
	}
	if o.artifact.subject != "" {
		subject, err := wire.ReadDescriptor(o.artifact.subject)
		if err != nil {
			return image.Document{}, err
		}
		artifact.Subject = &subject
	}
	for _, path := range o.layers {
		file, err := wire.ReadBlob(path)
		if err != nil {
			return image.Document{}, err
		}
		artifact.Files = append(artifact.Files, file.Descriptor())
	}
	return artifact.Manifest()
}
