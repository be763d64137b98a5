package place

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/rules-strata/rules_strata/tools/internal/oci"
	"github.com/rules-strata/rules_strata/tools/internal/oci/content"
	"github.com/rules-strata/rules_strata/tools/internal/oci/digest"
)

// isJSON reports whether a file starts like a JSON object, which no archive does.
func isJSON(path string) bool {
	f, err := os.Open(path)
	if err != nil {
		return false
	}
	defer f.Close()
	start := make([]byte, 64)
	n, _ := io.ReadFull(f, start)
	return bytes.HasPrefix(bytes.TrimLeft(start[:n], " \t\r\n"), []byte("{"))
}

// openDocument opens the manifest or the index that a build left, with the config beside it. The layers are elsewhere.
func (p *Place) openDocument() error {
	data, err := readDocument(p.file)
	if err != nil {
		return err
	}
	var document struct {
		MediaType string `json:"mediaType"`
		Digest    string `json:"digest"`
	}
	if err := oci.Unmarshal(data, &document); err != nil {
		return fmt.Errorf("%s: %w", p.Path, err)
	}
	if !oci.IsDocument(document.MediaType) || document.Digest != "" {
		return advise(fmt.Errorf("%s: the file is neither an archive nor the manifest or the index of an image", p.Path),
			"a build's image is its NAME.manifest.json, or an output of --output_groups=oci_layout or archive")
	}
	d := digest.FromBytes(data)
	files := new(content.Files)
	files.Add(d, p.file)
	if name, ok := strings.CutSuffix(p.file, ".manifest.json"); ok {
		config := name + ".config.json"
		if _, err := os.Stat(config); err == nil {
			if err := files.AddDocument(config); err != nil {
				return err
			}
		}
	}
	p.Source = build{unverified{files}, p.Path}
	p.Roots = []Root{{Descriptor: oci.Descriptor{MediaType: document.MediaType, Digest: d, Size: int64(len(data))}}}
	return nil
}

func readDocument(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, content.MaxDocument+1))
	if err == nil && len(data) > content.MaxDocument {
		err = fmt.Errorf("%s: more than %d bytes", path, content.MaxDocument)
	}
	return data, err
}

// build is a source of documents that knows where the layers can be found.
type build struct {
	content.Source
	path string
}

// Open implements content.Source.
func (b build) Open(ctx context.Context, d oci.Descriptor) (io.ReadCloser, error) {
	r, err := b.Source.Open(ctx, d)
	if errors.Is(err, content.ErrNotFound) {
		return nil, advise(fmt.Errorf("%s: %w", b.path, err),
			"this file names the layers but does not have them: build the target with --output_groups=oci_layout (a directory) "+
				"or --output_groups=archive, and name that output; if layers of a base are in a registry only, build an "+
				"image_archive of the image in the same way")
	}
	return r, err
}
