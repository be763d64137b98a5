package bootable

import (
	"archive/tar"
	"bytes"
	"context"
	"io"
	"time"

	"github.com/rules-strata/rules_strata/tools/internal/oci"
	"github.com/rules-strata/rules_strata/tools/internal/oci/content"
	"github.com/rules-strata/rules_strata/tools/internal/oci/digest"
	"github.com/rules-strata/rules_strata/tools/internal/rootfs"
	"github.com/rules-strata/rules_strata/tools/internal/rootfs/guest"
)

// blob is a layer in memory, and a source of it.
type blob struct {
	descriptor oci.Descriptor
	data       []byte
}

// Open implements content.Source.
func (b *blob) Open(_ context.Context, d oci.Descriptor) (io.ReadCloser, error) {
	if d.Digest != b.descriptor.Digest {
		return nil, content.ErrNotFound
	}
	return io.NopCloser(bytes.NewReader(b.data)), nil
}

// layer returns the layer with the init process, its instructions, and the directories among the mount points and dir that
// fs lacks.
func layer(fs *rootfs.FileSystem, dir string, init, run []byte) (*blob, error) {
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	add := func(name string, kind byte, mode int64, data []byte) error {
		h := &tar.Header{
			Typeflag: kind, Name: name[1:], Mode: mode, Size: int64(len(data)), ModTime: time.Unix(0, 0), Format: tar.FormatPAX,
		}
		if err := w.WriteHeader(h); err != nil {
			return err
		}
		_, err := w.Write(data)
		return err
	}
	missing := append(mountPoints[:len(mountPoints):len(mountPoints)], struct {
		path string
		mode int64
	}{dir, 0o755})
	for _, d := range missing {
		found, err := fs.Lookup(d.path)
		if err == nil && found == nil {
			err = add(d.path+"/", tar.TypeDir, d.mode, nil)
		}
		if err != nil {
			return nil, err
		}
	}
	// Only the init process, which is root, reads its instructions: environments may contain secrets.
	if err := add(guest.RunFile, tar.TypeReg, 0o600, run); err != nil {
		return nil, err
	}
	if err := add(guest.Init, tar.TypeReg, 0o755, init); err != nil {
		return nil, err
	}
	if err := w.Close(); err != nil {
		return nil, err
	}
	d := oci.Descriptor{
		MediaType: oci.Uncompressed.MediaType(), Digest: digest.FromBytes(b.Bytes()), Size: int64(b.Len()),
	}
	return &blob{d, b.Bytes()}, nil
}
