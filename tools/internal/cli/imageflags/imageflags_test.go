package imageflags

import (
	"context"
	"errors"
	"flag"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/rules-strata/rules_strata/tools/internal/image/imagetest"
	"github.com/rules-strata/rules_strata/tools/internal/oci"
	"github.com/rules-strata/rules_strata/tools/internal/oci/content"
	"github.com/rules-strata/rules_strata/tools/internal/oci/wire"
)

// An image is found whole, whichever flags say where its blobs are. The path of a layer's descriptor may hold any
// character.
func TestImage(t *testing.T) {
	dir := t.TempDir()
	store := make(imagetest.Store)
	image := store.AddImage(t, "linux/amd64", oci.Gzip, "a", "b")
	manifest := store.Manifest(t, image)
	at := func(name string) string { return filepath.Join(dir, name) }
	write := func(name string, v any) {
		if err := wire.Write(at(name), v); err != nil {
			t.Fatal(err)
		}
	}
	write("root.json", image)
	layer := manifest.Layers[0]
	write(`a=b.json`, wire.Layer{MediaType: layer.MediaType, Digest: layer.Digest, Size: layer.Size, DiffID: image.Digest})
	imagetest.WriteFile(t, at("a.blob"), store[layer.Digest])
	imagetest.WriteFile(t, at("manifest"), store[image.Digest])
	imagetest.WriteFile(t, at("config"), store[manifest.Config.Digest])
	stored := content.Places{manifest.Layers[1].Digest: {Offset: 3}}
	if err := errors.Join(os.Mkdir(at("c=d"), 0o755), stored.Write(at("c=d"))); err != nil {
		t.Fatal(err)
	}
	imagetest.WriteFile(t, at("source=e"), append([]byte("..."), store[manifest.Layers[1].Digest]...))

	set := flag.NewFlagSet("tool", flag.ContinueOnError)
	flags, names := Declare(set), DeclareNames(set)
	err := set.Parse([]string{"--root=" + at("root.json"), "--document=" + at("manifest"), "--document=" + at("config"),
		"--layer=" + at(`a\=b.json`) + "=" + at("a.blob"), "--blobs=" + at(`c\=d`) + "=" + at("source=e"), "--name=a", "--name=h:1/b:c"})
	if err != nil {
		t.Fatal(err)
	}
	got, err := flags.Image()
	if err != nil || !reflect.DeepEqual(got.Root, image) {
		t.Fatalf("root %+v, %v, want %+v", got.Root, err, image)
	}
	blobs := 0
	err = content.Walk(context.Background(), got.Files, got.Root, func(d oci.Descriptor, _ []byte) error {
		blobs++
		return content.Copy(context.Background(), new(strings.Builder), got.Files, d)
	})
	if err != nil || blobs != len(store) {
		t.Errorf("found %d blobs of %d, %v", blobs, len(store), err)
	}
	var texts []string
	for _, name := range *names {
		texts = append(texts, name.String())
	}
	if want := []string{"docker.io/library/a:latest", "h:1/b:c"}; !reflect.DeepEqual(texts, want) {
		t.Errorf("names %q, want %q", texts, want)
	}
}

// A layer that is in a registry only is listed once, and not if a file holds it. Only what the build made is built.
func TestRemote(t *testing.T) {
	dir := t.TempDir()
	store := make(imagetest.Store)
	root := store.AddImage(t, "linux/amd64", oci.Gzip, "base", "fetched", "own", "kept")
	at := func(name string) string { return filepath.Join(dir, name) }
	write := func(name string, v any) {
		if err := wire.Write(at(name), v); err != nil {
			t.Fatal(err)
		}
	}
	write("root", root)
	layers := store.Manifest(t, root).Layers
	for i, name := range []string{"base", "fetched", "own", "kept"} {
		layer := wire.Layer{MediaType: layers[i].MediaType, Digest: layers[i].Digest, Size: layers[i].Size,
			DiffID: root.Digest, Kept: name == "kept"}
		if name == "base" || name == "fetched" {
			layer.Sources = []string{"h:1/" + name, "docker.io/library/" + name}
		} else {
			layer.Packages = []wire.Package{{Name: "same", Digest: root.Digest}, {Name: name, Digest: root.Digest}}
		}
		write(name, layer)
	}
	parse := func(args ...string) (Image, error) {
		set := flag.NewFlagSet("tool", flag.ContinueOnError)
		flags := Declare(set)
		if err := set.Parse(append(args, "--root="+at("root"))); err != nil {
			t.Fatal(err)
		}
		return flags.Image()
	}
	image, err := parse("--remote-layer="+at("base"), "--remote-layer="+at("base"), "--remote-layer="+at("fetched"),
		"--layer="+at("fetched")+"=blob", "--layer="+at("own")+"=blob", "--layer="+at("kept")+"=blob")
	if err != nil {
		t.Fatal(err)
	}
	want := []content.RemoteLayer{{Descriptor: layers[0], Sources: []string{"h:1/base", "docker.io/library/base"}}}
	if !reflect.DeepEqual(image.Remote, want) {
		t.Errorf("remote %+v, want %+v", image.Remote, want)
	}
	packages := []wire.Package{{Name: "kept", Digest: root.Digest}, {Name: "own", Digest: root.Digest}, {Name: "same", Digest: root.Digest}}
	if !reflect.DeepEqual(image.Packages, packages) {
		t.Errorf("packages %+v, want %+v", image.Packages, packages)
	}
	for i, built := range []bool{false, false, true, false} {
		if got := image.Built[layers[i].Digest]; got != built {
			t.Errorf("layer %d: built %t, want %t", i, got, built)
		}
	}
	wantErr := "layer " + layers[0].Digest.String() + ": it is in a registry only (h:1/base)"
	if err := image.RequireFiles(); err == nil || err.Error() != wantErr {
		t.Errorf("error %v, want %s", err, wantErr)
	}
	if image, err = parse("--layer=" + at("fetched") + "=blob"); err != nil || image.RequireFiles() != nil {
		t.Errorf("with files alone: %v, %v", err, image.RequireFiles())
	}
	wantErr = at("own") + ": no sources: nothing says which registry holds the layer"
	if _, err := parse("--remote-layer=" + at("own")); err == nil || err.Error() != wantErr {
		t.Errorf("error %v, want %s", err, wantErr)
	}
	if _, err := parse("--remote-layer=" + at("none")); err == nil {
		t.Error("a missing file is no error")
	}
}
