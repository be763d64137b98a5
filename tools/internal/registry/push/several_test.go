package push

import (
	"fmt"
	"net/http"
	"reflect"
	"sync/atomic"
	"testing"
	"time"

	"github.com/rules-strata/rules_strata/tools/internal/image/imagetest"
	"github.com/rules-strata/rules_strata/tools/internal/oci"
	"github.com/rules-strata/rules_strata/tools/internal/oci/content"
	"github.com/rules-strata/rules_strata/tools/internal/oci/digest"
	"github.com/rules-strata/rules_strata/tools/internal/registry/registrytest"
)

// TestSeveral pushes two images and an index of them to two registries, three repositories: each blob is sent to each
// registry once, and no tag comes before all the rest.
func TestSeveral(t *testing.T) {
	server, other := registrytest.New(t), registrytest.New(t)
	store := imagetest.Store{}
	amd := store.AddImage(t, "linux/amd64", oci.Gzip, "shared", "amd64")
	arm := store.AddImage(t, "linux/arm64", oci.Gzip, "shared", "arm64")
	index := store.AddIndex(t, amd, arm)
	tasks := []Task{
		{To: repository(server, "team/amd"), Root: amd, Tags: []string{"v1"}},
		{To: repository(server, "team/all"), Root: index, Tags: []string{"v1", "v2"}},
		{To: repository(server, "team/all"), Root: arm, Tags: []string{"arm"}},
		{To: repository(other, "team/all"), Root: index},
	}
	src := &counter{Source: store, reads: make(map[digest.Digest]int)}
	var mounted, tagged int
	o := Options{Jobs: 3, Progress: func(e Event) {
		switch {
		case e.Outcome == Mounted && e.From == server.Host+"/team/amd" && e.Repository == server.Host+"/team/all":
			mounted++
		case e.Tag != "":
			tagged++
		case e.Outcome != Pushed || e.From != "" || tagged > 0:
			t.Errorf("after %d tags: %+v", tagged, e)
		}
	}}
	for i := range tasks {
		tasks[i].Source = src
	}
	if err := Images(t.Context(), client(), tasks, o); err != nil {
		t.Fatal(err)
	}
	// Of 5 blobs, 3 are in two repositories of the first registry.
	if mounted != 3 || tagged != 4 {
		t.Errorf("%d blobs mounted, %d tags", mounted, tagged)
	}
	if got := methods(server.Requests()); got["PUT blob"] != 5 || got["POST blob"] != 5+3 || got["HEAD blob"] != 5+3 {
		t.Errorf("requests to the first registry: %v", got)
	}
	if got := methods(other.Requests()); got["PUT blob"] != 5 || got["POST blob"] != 5 {
		t.Errorf("requests to the second registry: %v", got)
	}
	for _, r := range []*registrytest.Registry{server, other} {
		if got := r.Digests("team/all"); len(got) != len(store) {
			t.Errorf("%d objects in team/all, want %d", len(got), len(store))
		}
	}
	want := map[string]digest.Digest{"v1": index.Digest, "v2": index.Digest, "arm": arm.Digest}
	if got := server.Tags("team/all"); !reflect.DeepEqual(got, want) {
		t.Errorf("tags %v, want %v", got, want)
	}
	if got := server.Tags("team/amd"); !reflect.DeepEqual(got, map[string]digest.Digest{"v1": amd.Digest}) {
		t.Errorf("tags %v", got)
	}

	// One that fails leaves all without new tags.
	for i := range tasks {
		tasks[i].Tags = []string{"new"}
	}
	tasks[3].Root = store.AddIndex(t, arm)
	other.Inject("PUT .*/manifests/", 1, registrytest.Refuse(403, "DENIED", "no"))
	tasks = append(tasks, tasks[3])
	tasks[3].Tags = nil
	err := Images(t.Context(), client(), tasks, Options{})
	if err == nil || server.Tags("team/all")["new"] != "" || server.Tags("team/amd")["new"] != "" {
		t.Errorf("error %v, tags %v and %v", err, server.Tags("team/all"), server.Tags("team/amd"))
	}
}

// TestRemote pushes layers that are known to be elsewhere.
func TestRemote(t *testing.T) {
	server, other := registrytest.New(t), registrytest.New(t)
	store, index := twoImages(t)
	task := Task{To: repository(server, "team/app"), Root: index, Tags: []string{"v1"}}
	for d, data := range store {
		task.Remote = append(task.Remote, content.RemoteLayer{
			Descriptor: oci.Descriptor{Digest: d}, Sources: []string{other.Host + "/team/base", server.Host + "/team/base"},
		})
		server.AddBlob("team/base", data)
		other.AddBlob("team/base", data)
	}
	src := &counter{Source: store, reads: make(map[digest.Digest]int)}
	task.Source = src
	if err := Images(t.Context(), client(), []Task{task}, Options{}); err != nil {
		t.Fatal(err)
	}
	if got := methods(server.Requests()); got["POST blob"] != 5 || got["PUT blob"] != 0 || len(src.reads) != 3 {
		t.Errorf("requests %v, %d objects read", got, len(src.reads))
	}
	if got := len(other.Requests()); got > 0 {
		t.Errorf("%d requests to a registry that nothing is pushed to", got)
	}
}

// TestTagsInTurn checks that tags in one repository are set one after another: distribution 2.8 can lose an image for a moment
// while it is sent again for a tag, and then refuses an index that lists it.
func TestTagsInTurn(t *testing.T) {
	server := registrytest.New(t)
	store := imagetest.Store{}
	images := []oci.Descriptor{
		store.AddImage(t, "linux/amd64", oci.Gzip, "amd64"), store.AddImage(t, "linux/arm64", oci.Gzip, "arm64"),
	}
	index := store.AddIndex(t, images...)
	tasks := []Task{{To: repository(server, "team/app"), Root: index, Source: store, Tags: []string{"v1"}}}
	for n, image := range images {
		tasks = append(tasks, Task{
			To: repository(server, "team/app"), Root: image, Source: store, Tags: []string{fmt.Sprintf("v1-%d", n)},
		})
	}
	var running, most atomic.Int32
	server.Inject("PUT .*/manifests/v1", 9, func(http.ResponseWriter, *http.Request) bool {
		most.Store(max(most.Load(), running.Add(1)))
		time.Sleep(20 * time.Millisecond)
		running.Add(-1)
		return false
	})
	if err := Images(t.Context(), client(), tasks, Options{}); err != nil {
		t.Fatal(err)
	}
	if got := len(server.Tags("team/app")); got != 3 || most.Load() != 1 {
		t.Errorf("%d tags, up to %d at the same time", got, most.Load())
	}
}
