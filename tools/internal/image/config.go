package image

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/rules-strata/rules_strata/tools/internal/oci"
	"github.com/rules-strata/rules_strata/tools/internal/oci/digest"
	"github.com/rules-strata/rules_strata/tools/internal/pattern"
)

// createdBy is the history entry of a layer without one.
const createdBy = "rules_strata"

// epoch is the time of creation of an image unless the settings state another.
var epoch = time.Unix(0, 0).UTC()

// platformName matches names of operating systems, architectures and variants.
var platformName = pattern.New(`^[A-Za-z0-9][A-Za-z0-9._-]*$`)

// config is an image's config under construction.
type config struct {
	created  time.Time
	author   string
	platform oci.Platform
	run      oci.ImageConfig
	// runExtra and extra hold the base's keys that image-spec does not define, unchanged: Docker's healthcheck, shell and
	// triggers, and keys of vendors.
	runExtra, extra object
	diffIDs         []digest.Digest
	history         []json.RawMessage
}

// document is a config as it is written, with its fields in the order of image-spec ("config.md").
type document struct {
	Created time.Time `json:"created"`
	Author  string    `json:"author,omitempty"`
	oci.ConfigPlatform
	Config  json.RawMessage   `json:"config"`
	RootFS  oci.RootFS        `json:"rootfs"`
	History []json.RawMessage `json:"history,omitempty"`
}

// Layer holds the facts about a layer that a config needs.
type Layer struct {
	// DiffID is the digest of the uncompressed tar.
	DiffID digest.Digest
	// History replaces the default entry of the history, if it is not nil. Its time is the image's time of creation unless
	// it states another.
	History *oci.History
	// Programs has, for each architecture that the layer has machine code for, the path of one such file.
	Programs map[string]string
	// Environment is what the programs in the layer need in the environment.
	Environment Environment
}

// Config returns the config of the image that has the layers on top of the image with the config base, with settings
// applied. A nil base means from scratch: the settings must then state the platform. The environments of layers come above
// that of the base, and below the settings.
//
// Base keys that image-spec does not define are kept unchanged, except those that describe how the base itself was made.
// The bytes are compact JSON with the keys in the order of image-spec, followed by the kept keys, sorted.
func Config(base []byte, layers []Layer, settings Settings) (Document, error) {
	c, err := parseConfig(base)
	if err != nil {
		return Document{}, fmt.Errorf("base config: %w", err)
	}
	if err := checkLayerCount(len(c.diffIDs), len(layers)); err != nil {
		return Document{}, err
	}
	if settings.BasePlatform != nil {
		c.platform = oci.CompletePlatform(c.platform, *settings.BasePlatform)
	}
	for _, name := range settings.Clear {
		remove, ok := drop[name]
		if !ok {
			return Document{}, fmt.Errorf("clear: unknown name %q", name)
		}
		remove(c)
	}
	if err := c.unset(settings); err != nil {
		return Document{}, err
	}
	if err := c.setPlatform(settings); err != nil {
		return Document{}, err
	}
	for number, layer := range layers {
		if err := c.apply(layer.Environment); err != nil {
			return Document{}, fmt.Errorf("environment of layer %d: %w", number+1, err)
		}
	}
	if err := c.applyProgram(&settings); err != nil {
		return Document{}, err
	}
	if err := c.edit(settings); err != nil {
		return Document{}, err
	}
	if !settings.AllowAnyArchitecture {
		if err := checkPrograms(c.platform.Architecture, layers); err != nil {
			return Document{}, err
		}
	}
	for _, layer := range layers {
		if err := c.addLayer(layer); err != nil {
			return Document{}, err
		}
	}
	document, err := c.document()
	if err != nil {
		return Document{}, err
	}
	return newDocument(document, oci.MediaTypeConfig, &c.platform)
}

// document returns the config in the order in which it is written.
func (c *config) document() (json.RawMessage, error) {
	run, err := joinObjects(c.run, c.runExtra)
	if err != nil {
		return nil, err
	}
	return joinObjects(document{
		Created:        c.created,
		Author:         c.author,
		ConfigPlatform: c.platform.InConfig(),
		Config:         run,
		RootFS:         oci.RootFS{Type: "layers", DiffIDs: c.diffIDs},
		History:        c.history,
	}, c.extra)
}

// setPlatform determines the platform of the image.
func (c *config) setPlatform(s Settings) error {
	for _, part := range []struct {
		name    string
		value   *string
		setting *string
	}{
		{"os", &c.platform.OS, s.OS},
		{"architecture", &c.platform.Architecture, s.Architecture},
	} {
		if part.setting != nil {
			if *part.value != "" && *part.value != *part.setting {
				return fmt.Errorf("%w: the %s is set to %q, the base's is %q",
					ErrPlatformConflict, part.name, *part.setting, *part.value)
			}
			*part.value = *part.setting
		}
		if *part.value == "" {
			return fmt.Errorf("%w: neither a setting nor a base states the %s", ErrPlatformMissing, part.name)
		}
	}
	if s.LeastVariant != nil {
		c.platform.Variant = atLeast(c.platform, *s.LeastVariant)
	}
	assign(&c.platform.Variant, s.Variant)
	assign(&c.platform.OSVersion, s.OSVersion)
	if s.OSFeatures != nil {
		c.platform.OSFeatures = s.OSFeatures
	}
	return checkPlatform(c.platform)
}

// variantName matches variants that are levels: a CPU runs programs for lower ones of its architecture.
var variantName = pattern.New(`^v[1-9][0-9]?$`)

// atLeast returns the higher one of a platform's variant and of the variant in least, "ARCHITECTURE/VARIANT". Variants that
// are not levels, and those of other architectures, are not comparable: the platform's stays.
func atLeast(p oci.Platform, least string) string {
	architecture, variant, _ := strings.Cut(least, "/")
	have := oci.Variant(p)
	if architecture != p.Architecture || !variantName().MatchString(variant) || !variantName().MatchString(have) {
		return p.Variant
	}
	// Without leading zeros, the longer number is higher.
	if len(variant) > len(have) || len(variant) == len(have) && variant > have {
		return variant
	}
	return p.Variant
}

// checkPlatform rejects a platform that nothing can match.
func checkPlatform(p oci.Platform) error {
	for _, part := range []struct{ name, value string }{
		{"os", p.OS}, {"architecture", p.Architecture}, {"variant", p.Variant},
	} {
		if part.value == "" && part.name == "variant" {
			continue
		}
		if !platformName().MatchString(part.value) {
			return fmt.Errorf("platform: invalid %s %q, expected a name like a GOOS or GOARCH value", part.name, part.value)
		}
	}
	return nil
}

// addLayer adds a layer at the top.
func (c *config) addLayer(l Layer) error {
	if err := c.addDiffID(l.DiffID); err != nil {
		return err
	}
	entry := oci.History{CreatedBy: createdBy}
	if l.History != nil {
		entry = *l.History
	}
	if entry.Created == nil {
		entry.Created = &c.created
	}
	if entry.EmptyLayer {
		return fmt.Errorf("history of layer %d: empty_layer is set", len(c.diffIDs))
	}
	return c.addHistory(entry)
}

// assign sets *value unless the setting is absent.
func assign(value, setting *string) {
	if setting != nil {
		*value = *setting
	}
}
