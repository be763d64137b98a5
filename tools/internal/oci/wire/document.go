package wire

import (
	"fmt"
	"io"
	"os"

	"github.com/rules-strata/rules_strata/tools/internal/atomicfile"
	"github.com/rules-strata/rules_strata/tools/internal/oci"
)

// Outputs are the files to which a tool writes a document.
type Outputs struct {
	// Document gets the document itself.
	Document string
	// Descriptor gets the document's descriptor.
	Descriptor string
	// Digest gets the document's digest, without a newline. If it is empty, no such file is written.
	Digest string
}

// Write writes a document, its descriptor and its digest: all of the files, or none after an error.
func (o Outputs) Write(document []byte, descriptor oci.Descriptor) error {
	encoded, err := oci.Marshal(descriptor)
	if err != nil {
		return err
	}
	files := []struct {
		path string
		data []byte
	}{{o.Document, document}, {o.Descriptor, encoded}, {o.Digest, []byte(descriptor.Digest)}}
	for i, file := range files {
		if file.path == "" {
			continue
		}
		if err := atomicfile.Write(file.path, file.data); err != nil {
			for _, written := range files[:i] {
				os.Remove(written.path)
			}
			return err
		}
	}
	return nil
}

// ReadDocument reads the small file at path: a descriptor, a manifest, an index or a config of at most
// [oci.MaxDocument] bytes. The result is not nil, even if the file is empty.
func ReadDocument(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, oci.MaxDocument+1))
	if err != nil {
		return nil, err
	}
	if len(data) > oci.MaxDocument {
		return nil, fmt.Errorf("%s: document of more than %d bytes", path, oci.MaxDocument)
	}
	return data, nil
}
