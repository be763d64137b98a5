package expect_test

import (
	"archive/tar"
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"

	"github.com/rules-strata/rules_strata/tools/internal/engine/enginetest"
	"github.com/rules-strata/rules_strata/tools/internal/expect"
	"github.com/rules-strata/rules_strata/tools/internal/expect/container"
	"github.com/rules-strata/rules_strata/tools/internal/expect/structure"
	"github.com/rules-strata/rules_strata/tools/internal/image/imagetest"
	"github.com/rules-strata/rules_strata/tools/internal/oci"
	"github.com/rules-strata/rules_strata/tools/internal/oci/digest"
)

func TestMain(m *testing.M) {
	container.Init()
	if name := filepath.Base(os.Args[0]); slices.Contains(enginetest.Programs, name) {
		os.Exit(enginetest.Main(name))
	}
	os.Exit(m.Run())
}

// image adds an image of two layers to the store.
func image(t *testing.T, store imagetest.Store, architecture string) oci.Descriptor {
	t.Helper()
	var layers []oci.Descriptor
	var diffIDs []digest.Digest
	layer := func(headers ...tar.Header) {
		var b bytes.Buffer
		w := tar.NewWriter(&b)
		for _, h := range headers {
			content := h.Uname // the content of a file
			h.Uname, h.Size = "", int64(len(content))
			if err := w.WriteHeader(&h); err != nil {
				t.Fatal(err)
			}
			w.Write([]byte(content))
		}
		w.Close()
		d := store.Add(oci.MediaTypeLayer, b.Bytes())
		layers, diffIDs = append(layers, d), append(diffIDs, d.Digest)
	}
	file := func(name string, mode int64, content string) tar.Header {
		return tar.Header{Name: name, Typeflag: tar.TypeReg, Mode: mode, Uname: content}
	}
	layer(
		file("etc/passwd", 0o644, "root:x:0:0:root:/root:/bin/sh\napp:x:1000:1000::/home/app:\n"),
		file("etc/deleted", 0o644, "x"),
		tar.Header{Name: "usr/bin/tool", Typeflag: tar.TypeReg, Mode: 0o4750, Uid: 1, Gid: 2, Uname: "#!/none\n"},
		tar.Header{Name: "abs", Typeflag: tar.TypeSymlink, Linkname: "/usr", Mode: 0o777},
		tar.Header{Name: "loop", Typeflag: tar.TypeSymlink, Linkname: "loop"},
		tar.Header{Name: "tmp/", Typeflag: tar.TypeDir, Mode: 0o1777},
		tar.Header{Name: "dev/null", Typeflag: tar.TypeChar, Mode: 0o666},
		tar.Header{Name: "pipe", Typeflag: tar.TypeFifo, Mode: 0o600},
		file("usr/share/doc/good/copyright", 0o644, "MIT"),
		file("usr/share/doc/bad/copyright", 0o644, "the agpl, version 3"),
		file("usr/share/doc/libgnutls30/other", 0o644, ""),
		file("usr/share/doc/none/other", 0o644, ""),
		file("usr/share/doc/README", 0o644, ""),
	)
	layer(file("etc/.wh.deleted", 0o644, ""), file("etc/motd", 0o644, "line one\nline two\n"))
	config := store.AddJSON(t, oci.MediaTypeConfig, map[string]any{
		"os": "linux", "architecture": architecture,
		"config": map[string]any{
			"Env": []string{"PATH=/usr/bin:/bin", "HOME=/home/app", "EMPTY="}, "User": "app", "WorkingDir": "/srv",
			"Entrypoint": []string{"/usr/bin/tool"}, "Labels": map[string]string{"version": "1.2.3"},
			"ExposedPorts": map[string]any{"53/udp": struct{}{}, "80/tcp": struct{}{}},
			"Volumes":      map[string]any{"/data": struct{}{}},
		},
		"rootfs": map[string]any{"type": "layers", "diff_ids": diffIDs},
	})
	return store.AddJSON(t, oci.MediaTypeManifest, oci.Manifest{
		Versioned: oci.SchemaVersion, MediaType: oci.MediaTypeManifest, Config: config, Layers: layers,
	})
}

// run runs the tests of a file on the image.
func run(t *testing.T, name, text, architecture string) []expect.Result {
	t.Helper()
	store := make(imagetest.Store)
	i, err := expect.Open(t.Context(), store, image(t, store, architecture), expect.Options{Scratch: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	defer i.Close()
	file, err := structure.Parse(name, []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	results, err := expect.Structure(t.Context(), i, file)
	if err != nil {
		t.Fatal(err)
	}
	return results
}

// TestStructure compares results with those in testdata: each archive has a file of tests and the results.
func TestStructure(t *testing.T) {
	archives, err := filepath.Glob("testdata/*.txtar")
	if err != nil || len(archives) == 0 {
		t.Fatal(archives, err)
	}
	for _, path := range archives {
		archive, err := txtar.ParseFile(path)
		if err != nil {
			t.Fatal(err)
		}
		var got strings.Builder
		for _, r := range run(t, "test.yaml", string(archive.Files[0].Data), "amd64") {
			fmt.Fprintf(&got, "%d %s\n", r.Line, r.Name)
			for _, problem := range r.Problems {
				fmt.Fprintf(&got, "\t%s\n", problem)
			}
		}
		if want := string(archive.Files[1].Data); got.String() != want {
			t.Errorf("%s: got\n%s", path, &got)
		}
	}
}

// Tests of commands that cannot run fail, and say why.
func TestCommandsThatCannotRun(t *testing.T) {
	const commands = "commandTests: [{name: a, command: tool}]\n"
	for _, test := range []struct{ options, architecture, want string }{
		{"", "s390x", "the image is for linux/s390x, which this machine ("},
		{"containerRunOptions: {privileged: true}\n", "amd64", "containerRunOptions (line 2): only user and envVars are possible"},
		{"containerRunOptions: {user: nobody}\n", "amd64", `user "nobody"`},
		{"", "amd64", "tool: the interpreter that it needs does not exist"},
	} {
		results := run(t, "test.yaml", "schemaVersion: \"2.0.0\"\n"+test.options+commands, test.architecture)
		if len(results) != 1 || len(results[0].Problems) != 1 || !strings.Contains(results[0].Problems[0], test.want) {
			t.Errorf("%s%s: got %q, want %s", test.options, test.architecture, results, test.want)
		}
	}
}
