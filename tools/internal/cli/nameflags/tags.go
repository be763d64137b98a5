package nameflags

import (
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/rules-strata/rules_strata/tools/internal/cli"
	"github.com/rules-strata/rules_strata/tools/internal/cli/stamp"
	"github.com/rules-strata/rules_strata/tools/internal/oci"
	"github.com/rules-strata/rules_strata/tools/internal/oci/content"
	"github.com/rules-strata/rules_strata/tools/internal/oci/reference"
)

// The variables of the image. They take precedence over variables of the workspace status.
const (
	digestVariable      = "DIGEST"       // sha256-HEX, because a tag cannot contain a colon
	shortDigestVariable = "SHORT_DIGEST" // the first shortDigits digits of HEX
	archVariable        = "ARCH"         // arm64
	platformVariable    = "PLATFORM"     // linux-arm64, linux-arm-v7
)

// shortDigits is the number of digits that engines show of a digest.
const shortDigits = 12

// Tagged is an image or index with its tags.
type Tagged struct {
	Descriptor oci.Descriptor
	Tags       []string
}

// DeclareTags declares --tag and --tag-file.
func (f *Flags) DeclareTags() {
	f.set.Var(&f.Tags, "tag", "`tag` for the image; without tags, it has only its digest")
	f.set.Var(&f.tagFiles, "tag-file", "`file` with tags, one per line")
}

// text is a tag before its variables are expanded.
type text struct{ tag, origin string }

// ResolveTags reads the files and returns the root with its tags, each once, and after it the images of the root that tags
// with variables of the platform name. It calls images only if there are such tags.
func (f *Flags) ResolveTags(root oci.Descriptor, images func() ([]content.Image, error)) ([]Tagged, error) {
	scope, err := f.scope()
	if err != nil {
		return nil, err
	}
	texts, err := f.texts()
	if err != nil {
		return nil, err
	}
	t := tagger{scope: scope, all: []Tagged{{Descriptor: root}}, owner: make(map[string]content.Image)}
	var perImage []content.Image
	for _, text := range texts {
		targets := []content.Image{{Descriptor: root}}
		names, err := scope.Names(text.tag)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", text.origin, err)
		}
		if slices.Contains(names, archVariable) || slices.Contains(names, platformVariable) {
			if perImage == nil {
				if perImage, err = images(); err != nil {
					return nil, err
				}
			}
			targets = perImage
		}
		for _, image := range targets {
			if err := t.add(text, image); err != nil {
				return nil, err
			}
		}
	}
	return t.all, nil
}

// texts returns the tags of the flags.
func (f *Flags) texts() ([]text, error) {
	var texts []text
	for _, file := range f.tagFiles {
		data, err := os.ReadFile(file)
		if err != nil {
			return nil, err
		}
		for line := range strings.Lines(string(data)) {
			for _, tag := range split(line) {
				texts = append(texts, text{tag, file})
			}
		}
	}
	for _, tag := range f.Tags {
		texts = append(texts, text{tag, "--tag"})
	}
	return texts, nil
}

// split splits a line at white space outside of double braces, in which it has no meaning.
func split(line string) []string {
	depth := 0
	var previous rune
	return strings.FieldsFunc(line, func(r rune) bool {
		switch {
		case r == '{' && previous == '{':
			depth = 1
		case r == '}' && previous == '}':
			depth = 0
		}
		previous = r
		return depth == 0 && strings.ContainsRune(" \t\r\n", r)
	})
}

// tagger collects tags.
type tagger struct {
	scope stamp.Scope
	all   []Tagged                 // the root first
	owner map[string]content.Image // of each tag
}

// add adds the tag to the image.
func (t *tagger) add(text text, image content.Image) error {
	scope := t.scope
	scope.Own = variables(image)
	tag, err := expand(scope, text.origin, text.tag)
	if err != nil {
		return err
	}
	if err := reference.CheckTag(tag); err != nil {
		return cli.Usage("%s: %w", text.origin, err)
	}
	if owner, taken := t.owner[tag]; taken {
		if owner.Descriptor.Digest == image.Descriptor.Digest {
			return nil
		}
		return cli.Hint(cli.Usage("%s: tag %q would name two images: %s and %s", text.origin, tag, describe(owner), describe(image)),
			"{{PLATFORM}} includes the operating system and the variant, and {{SHORT_DIGEST}} differs for each image")
	}
	t.owner[tag] = image
	for i := range t.all {
		if t.all[i].Descriptor.Digest == image.Descriptor.Digest {
			t.all[i].Tags = append(t.all[i].Tags, tag)
			return nil
		}
	}
	t.all = append(t.all, Tagged{image.Descriptor, []string{tag}})
	return nil
}

// variables returns the variables of the image.
func variables(image content.Image) stamp.Values {
	d := image.Descriptor.Digest
	hex := d.Encoded()
	values := stamp.Values{
		digestVariable:      d.Algorithm().String() + "-" + hex,
		shortDigestVariable: hex[:shortDigits],
	}
	if image.Platform.Architecture != "" {
		values[archVariable] = image.Platform.Architecture
		values[platformVariable] = strings.ReplaceAll(oci.ShortPlatform(image.Platform), "/", "-")
	}
	return values
}

// describe names an image in messages.
func describe(image content.Image) string {
	if image.Platform.Architecture == "" {
		return "the index " + image.Descriptor.Digest.String()
	}
	return fmt.Sprintf("%s (%s)", oci.FormatPlatform(image.Platform), image.Descriptor.Digest)
}
