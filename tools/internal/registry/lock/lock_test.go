package lock

import (
	"context"
	"errors"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/rules-strata/rules_strata/tools/internal/image/imagetest"
	"github.com/rules-strata/rules_strata/tools/internal/image/lockfile"
	"github.com/rules-strata/rules_strata/tools/internal/message"
	"github.com/rules-strata/rules_strata/tools/internal/oci"
	"github.com/rules-strata/rules_strata/tools/internal/oci/content"
	"github.com/rules-strata/rules_strata/tools/internal/oci/digest"
	"github.com/rules-strata/rules_strata/tools/internal/oci/reference"
	"github.com/rules-strata/rules_strata/tools/internal/registry"
	"github.com/rules-strata/rules_strata/tools/internal/registry/pin"
	"github.com/rules-strata/rules_strata/tools/internal/registry/registrytest"
)

// bench is a keeper with a registry that has team/base:1, an index for linux/amd64 and linux/arm64.
type bench struct {
	Keeper
	t       *testing.T
	server  *registrytest.Registry
	notices []string
	watched int           // how many times Watch was called
	layer   digest.Digest // of the latest image
}

func newBench(t *testing.T) *bench {
	b := &bench{t: t, server: registrytest.New(t)}
	b.Keeper = Keeper{
		Path:   filepath.Join(t.TempDir(), "images.lock.json"),
		Client: registry.NewClient(registry.Options{Wait: func(context.Context, time.Duration) error { return nil }}),
		Watch: func(src content.Source) content.Source {
			b.watched++
			return src
		},
	}
	b.publish("one")
	return b
}

// publish makes the tag name an image with the layer, and returns its descriptor.
func (b *bench) publish(layer string) oci.Descriptor {
	store := make(imagetest.Store)
	image := store.AddImage(b.t, "linux/amd64", oci.Gzip, layer)
	b.layer = store.Manifest(b.t, image).Layers[0].Digest
	root := store.AddIndex(b.t, image, store.AddImage(b.t, "linux/arm64", oci.Gzip, layer))
	for _, data := range store {
		b.server.AddBlob("team/base", data)
		b.server.AddManifest("team/base", "sha256:none", oci.MediaTypeManifest, data)
	}
	b.server.AddManifest("team/base", "1", root.MediaType, store[root.Digest])
	return root
}

func (b *bench) ctx() context.Context {
	return message.WithNotices(b.t.Context(), func(text string) { b.notices = append(b.notices, text) })
}

func (b *bench) want() pin.Want {
	return pin.Want{Reference: reference.Reference{Registry: b.server.Host, Repository: "team/base", Tag: "1"}}
}

func (b *bench) add(name string) {
	b.t.Helper()
	if _, err := b.Add(b.ctx(), name, b.want()); err != nil {
		b.t.Fatal(err)
	}
}

// meanwhile does something before the registry's next answer.
func (b *bench) meanwhile(do func()) {
	b.server.Inject("/v2/", 1, func(http.ResponseWriter, *http.Request) bool {
		do()
		return false
	})
}

// expect fails the test unless err is the one wanted, and the file has only the images.
func (b *bench) expect(err error, want string, images ...string) {
	b.t.Helper()
	if err == nil && want != "" || err != nil && (want == "" || !strings.Contains(err.Error(), want)) {
		b.t.Errorf("error %v, want %q", err, want)
	}
	f, err := lockfile.ReadOrNew(b.Path)
	if err != nil {
		b.t.Fatal(err)
	}
	if got, err := f.Names(nil); err != nil || !slices.Equal(got, images) {
		b.t.Errorf("images %q, %v, want %q", got, err, images)
	}
}

func TestAdd(t *testing.T) {
	b := newBench(t)
	image, err := b.Add(b.ctx(), "base", b.want())
	b.expect(err, "", "base")
	if image.Platforms["linux/arm64"].Shape == nil || b.watched != 1 || len(b.notices) > 0 {
		t.Errorf("%+v, %d, %q", image, b.watched, b.notices)
	}
	f, err := lockfile.Read(b.Path)
	if err != nil || f.Images["base"].Digest != image.Digest {
		t.Errorf("%+v, %v", f, err)
	}

	_, err = b.Add(b.ctx(), "base", b.want())
	b.expect(err, `image "base" is already in the lock file`, "base")
	want := b.want()
	want.Platforms = []oci.Platform{{OS: "linux", Architecture: "386"}}
	_, err = b.Add(b.ctx(), "other", want)
	b.expect(err, "image other: "+b.server.Host+"/team/base:1: no image for linux/386; available: linux/amd64, linux/arm64", "base")

	// An image that another command adds in the meantime stays.
	b.meanwhile(func() { b.add("new") })
	_, err = b.Add(b.ctx(), "new", b.want())
	b.expect(err, `image "new" is already in the lock file`, "base", "new")

	// Without shapes, no layer is read.
	b.watched, want = 0, b.want()
	want.NoShape = true
	image, err = b.Add(b.ctx(), "plain", want)
	b.expect(err, "", "base", "new", "plain")
	if !image.NoShape || image.Platforms["linux/amd64"].Shape != nil || b.watched > 0 {
		t.Errorf("%+v, %d", image, b.watched)
	}
}

// A layer that is not an archive is reported, but is not an error.
func TestOddLayer(t *testing.T) {
	b := newBench(t)
	b.Watch = nil
	store := make(imagetest.Store)
	image := store.AddImage(t, "linux/amd64", oci.Gzip, "odd")
	manifest := store.Manifest(t, image)
	manifest.Layers[0] = store.Add(manifest.Layers[0].MediaType, []byte(strings.Repeat("no archive", 100)))
	root := store.AddJSON(t, oci.MediaTypeManifest, manifest)
	for _, data := range store {
		b.server.AddBlob("team/base", data)
	}
	b.server.AddManifest("team/base", "1", root.MediaType, store[root.Digest])
	b.add("odd")
	const want = "odd: layers on it are not compared with its directories and symlinks: linux/amd64: layer 1 of 1, sha256:"
	if len(b.notices) != 1 || !strings.HasPrefix(b.notices[0], want) {
		t.Errorf("notices %q", b.notices)
	}
}

func TestUpdate(t *testing.T) {
	b := newBench(t)
	_, err := b.Update(b.ctx(), nil, false)
	b.expect(err, "the file does not exist")
	b.add("a")
	b.add("b")
	before, err := os.ReadFile(b.Path)
	if err != nil {
		t.Fatal(err)
	}

	// Without changes, the file is the same, and no layer is read again.
	b.server.Requests()
	updates, err := b.Update(b.ctx(), nil, false)
	b.expect(err, "", "a", "b")
	if len(updates) != 2 || updates[0].Before.Digest != updates[0].After.Digest {
		t.Errorf("%+v", updates)
	}
	for _, r := range b.server.Requests() {
		if r.Method == http.MethodGet && strings.HasSuffix(r.Path, "/blobs/"+b.layer.String()) {
			t.Errorf("%s", r)
		}
	}
	if after, err := os.ReadFile(b.Path); err != nil || string(after) != string(before) {
		t.Errorf("the file has changed: %v", err)
	}

	// Only the named image is pinned again.
	root := b.publish("two")
	updates, err = b.Update(b.ctx(), []string{"b"}, false)
	b.expect(err, "", "a", "b")
	if len(updates) != 1 || updates[0].Name != "b" || updates[0].After.Digest != root.Digest ||
		updates[0].Before.Digest == root.Digest {
		t.Errorf("%+v", updates)
	}
	_, err = b.Update(b.ctx(), []string{"none"}, false)
	b.expect(err, `image "none" is not in the lock file`, "a", "b")

	// Shapes that are no longer recorded stay so.
	for _, noShape := range []bool{true, false} {
		updates, err = b.Update(b.ctx(), []string{"a"}, noShape)
		b.expect(err, "", "a", "b")
		if after := updates[0].After; !after.NoShape || after.Platforms["linux/amd64"].Shape != nil {
			t.Errorf("%+v", after)
		}
	}

	// What another command has removed stays removed, and nothing else changes.
	b.publish("three")
	b.meanwhile(func() { b.expect(b.Remove(b.ctx(), []string{"b"}), "", "a") })
	_, err = b.Update(b.ctx(), nil, false)
	b.expect(err, "image b: another command has changed or removed it in the meantime", "a")
	f, err := lockfile.Read(b.Path)
	if err != nil || f.Images["a"].Digest != root.Digest {
		t.Errorf("%+v, %v", f.Images["a"].Digest, err)
	}
}

func TestRemove(t *testing.T) {
	b := newBench(t)
	b.expect(b.Remove(b.ctx(), []string{"a"}), "the file does not exist")
	b.add("a")
	b.add("b")
	b.expect(b.Remove(b.ctx(), nil), "", "a", "b")
	b.expect(b.Remove(b.ctx(), []string{"a", "none"}), `image "none" is not in the lock file`, "a", "b")
	b.expect(b.Remove(b.ctx(), []string{"a", "a"}), "", "b")
}

func TestVerify(t *testing.T) {
	b := newBench(t)
	b.add("a")
	b.add("b")
	verify := func(names ...string) (lines []string, err error) {
		err = b.Verify(b.ctx(), names, func(name string, findings []string) error {
			lines = append(lines, append([]string{name + ":"}, findings...)...)
			return nil
		})
		return lines, err
	}
	for _, names := range [][]string{nil, {"b", "a"}} {
		lines, err := verify(names...)
		if err != nil || !slices.Equal(lines, []string{"a:", "b:"}) {
			t.Errorf("%q: %q, %v", names, lines, err)
		}
	}
	if _, err := verify("none"); err == nil {
		t.Error("an unknown name is accepted")
	}
	stop := errors.New("stop")
	if err := b.Verify(b.ctx(), nil, func(string, []string) error { return stop }); err != stop {
		t.Errorf("error %v", err)
	}

	pinned := b.layer
	root := b.publish("two")
	tag := b.server.Host + "/team/base:1"
	if lines, err := verify("a"); err != nil || !slices.Equal(lines, []string{"a:", tag + " is now " + root.Digest.String()}) {
		t.Errorf("a moved tag: %q, %v", lines, err)
	}
	lost := registrytest.Refuse(http.StatusNotFound, "UNKNOWN", "lost")
	b.server.Inject("HEAD .*/manifests/1$", 1, lost)
	if lines, err := verify("a"); err != nil || !slices.Equal(lines, []string{"a:", tag + " is gone; the pinned image still exists"}) {
		t.Errorf("a lost tag: %q, %v", lines, err)
	}
	b.server.Inject("HEAD .*/blobs/"+pinned.String(), 1, lost)
	lines, err := verify()
	if len(lines) < 3 || !strings.HasSuffix(lines[1], " is gone") || lines[2] != "b:" || err == nil || err.Error() != "1 problems" {
		t.Errorf("a lost blob: %q, %v", lines, err)
	}
}
