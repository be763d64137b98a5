package main

import (
	"testing"

	"github.com/rules-strata/rules_strata/tools/internal/image/imagetest"
	"github.com/rules-strata/rules_strata/tools/internal/oci"
	"github.com/rules-strata/rules_strata/tools/internal/oci/digest"
	"github.com/rules-strata/rules_strata/tools/internal/oci/wire"
	"github.com/rules-strata/rules_strata/tools/internal/rootfs/disk/disktest"
	"github.com/rules-strata/rules_strata/tools/internal/tooltest"
)

func TestMain(m *testing.M) { tooltest.Main(m, "mkrootfs", command.Main) }

func TestScripts(t *testing.T) { tooltest.Run(t, setup, nil) }

// setup writes the images amd.json and arm.json, the index index.json, blobs, and an extra layer, extra.json and extra.tar,
// with a file with an extended attribute.
func setup(dir tooltest.Folder) {
	store := make(imagetest.Store)
	amd := store.AddImage(dir.T, "linux/amd64", oci.Gzip, "one", "amd")
	arm := store.AddImage(dir.T, "linux/arm64", oci.Gzip, "one", "arm")
	dir.Describe("amd.json", amd)
	dir.Describe("arm.json", arm)
	dir.Describe("index.json", store.AddIndex(dir.T, amd, arm))
	store.WriteFiles(dir.T, dir.Path("blobs"))
	extra := disktest.Archive(dir.T, "file init mode=0755 user.x=1 data=init")
	dir.Write("extra.tar", extra)
	d := digest.FromBytes(extra)
	layer := wire.Layer{MediaType: oci.MediaTypeLayer, Digest: d, Size: int64(len(extra)), DiffID: d}
	dir.Describe("extra.json", layer)
	layer.Sources = []string{"docker.io/library/base"}
	dir.Describe("remote.json", layer)
}
