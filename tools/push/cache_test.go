package main

import (
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/rules-strata/rules_strata/tools/internal/image/imagetest"
	"github.com/rules-strata/rules_strata/tools/internal/oci"
	"github.com/rules-strata/rules_strata/tools/internal/oci/digest"
	"github.com/rules-strata/rules_strata/tools/internal/oci/wire"
	"github.com/rules-strata/rules_strata/tools/internal/registry/registrytest"
)

// TestCacheScripts runs the scripts about remote caches. Each has an image of two layers in the files root.json,
// manifest.json and config.json, layer0.json and layer1.json; $HEX0 and $HEX1 name the layers. The cache $CACHE has all
// of them, and $EMPTY has none. $LOCKED has them for clients that send "Authorization: Bearer open-sesame", the value of
// $HEADERS. $OPEN is a registry.
func TestCacheScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir: filepath.Join("testdata", "cache"),
		Setup: func(env *testscript.Env) error {
			store := imagetest.Store{}
			image := store.AddImage(t, "linux/amd64", oci.Gzip, "a", "b")
			manifest := store.Manifest(t, image)
			imagetest.WriteFile(t, filepath.Join(env.WorkDir, "manifest.json"), store[image.Digest])
			imagetest.WriteFile(t, filepath.Join(env.WorkDir, "config.json"), store[manifest.Config.Digest])
			for n, d := range manifest.Layers {
				number := string(rune('0' + n))
				env.Setenv("HEX"+number, d.Digest.Encoded())
				layer := wire.Layer{MediaType: d.MediaType, Digest: d.Digest, Size: d.Size, DiffID: d.Digest}
				if err := wire.Write(filepath.Join(env.WorkDir, "layer"+number+".json"), layer); err != nil {
					return err
				}
			}
			env.Setenv("CACHE", newCache(t, store, ""))
			env.Setenv("EMPTY", newCache(t, nil, ""))
			env.Setenv("LOCKED", newCache(t, store, "Bearer open-sesame"))
			env.Setenv("HEADERS", "X-Other=1\n\nAuthorization=Bearer open-sesame\n")
			env.Setenv("OPEN", registrytest.New(t).Host)
			env.Setenv("HOME", filepath.Join(env.WorkDir, "home"))
			return wire.Write(filepath.Join(env.WorkDir, "root.json"), image)
		},
	})
}

// newCache starts an HTTP cache and returns its address.
func newCache(t *testing.T, store imagetest.Store, authorization string) string {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		hex, _ := strings.CutPrefix(r.URL.Path, "/cas/")
		data, found := store[digest.Digest("sha256:"+hex)]
		switch {
		case r.Header.Get("Authorization") != authorization:
			w.WriteHeader(http.StatusUnauthorized)
		case !found:
			http.NotFound(w, r)
		default:
			w.Write(data)
		}
	}))
	t.Cleanup(server.Close)
	return server.URL
}
