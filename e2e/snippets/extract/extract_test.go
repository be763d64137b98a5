package main

import (
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
)

const page = `# Page

    image_layer(
        name = "layer",
    )

    image(name = "image")

A command, a message, and JSON:

    bazel run //:push -- --tag=x

    //app:layer: attribute pkgs: say
        strata_pkg = use_extension("...")

    {"a": [1]}

` + "```starlark\nX = 1\n```\n\n```\nbazel_dep(name = \"a\")\n```\n\n```go\nmain()\n```\n" + `
<!-- not built: it needs a network -->

    images.pull(name = "debian")

- In a list:

      # MODULE.bazel
      images = use_extension("x", "images")
`

func TestSnippets(t *testing.T) {
	want := []snippet{
		{page: "p.md", line: 3, text: "image_layer(\n    name = \"layer\",\n)\n\nimage(name = \"image\")\n"},
		{page: "p.md", line: 19, text: "X = 1\n"},
		{page: "p.md", line: 23, text: "bazel_dep(name = \"a\")\n"},
		{page: "p.md", line: 32, text: "images.pull(name = \"debian\")\n", skipped: "it needs a network"},
		{page: "p.md", line: 36, text: "# MODULE.bazel\nimages = use_extension(\"x\", \"images\")\n"},
	}
	if got := snippets("p.md", page); !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v\nwant %+v", got, want)
	}
}

func TestComplete(t *testing.T) {
	repository := t.TempDir()
	if err := os.Mkdir(filepath.Join(repository, "rules"), 0o755); err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{
		"defs.bzl":         "image = _image\nimage_artifact = _image_artifact\nimage_layer = _image_layer\n",
		"repositories.bzl": "def rules_strata_dependencies(): pass\ndef images_pull(): pass\n",
	} {
		if err := os.WriteFile(filepath.Join(repository, "rules", name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	local := `local_path_override(module_name = "rules_strata", path = "` + repository + `")`
	repo := `local_repository(name = "rules_strata", path = "` + repository + `")`
	for text, want := range map[string]struct {
		kind kind
		text string
	}{
		// Targets that exist are not declared, keys of dicts are not labels, and srcs are files.
		`load("@rules_strata//rules:defs.bzl", "image")
image(name = "image", base = ":base", layers = [":layer"])
image_layer(name = "layer", files = {":key": ":file"})
filegroup(name = "x", srcs = ["f", "//p:q", "@r"])
`: {buildKind, `load("@rules_strata//rules:defs.bzl", "image_layer")
...
load("//:standins.bzl", "standin")
standin(name = "base", attribute = "base")
standin(name = "file", attribute = "files")
standin(name = "f", attribute = "srcs")
`},
		// The keys of an artifact's files are labels.
		`load("@rules_strata//rules:defs.bzl", "image_artifact")
image_artifact(name = "x", config = "c", files = {"f": "a/b", ":x": ""}, subject = ":s")
`: {buildKind, `...
load("//:standins.bzl", "standin")
standin(name = "c", attribute = "config")
standin(name = "f", attribute = "files")
standin(name = "s", attribute = "subject")
`},
		`images.pull(name = "x")
`: {moduleKind, `module(name = "snippet")
bazel_dep(name = "rules_strata")
` + local + `
images = use_extension("@rules_strata//rules:extensions.bzl", "images")
...`},
		`bazel_dep(
    name = "rules_strata", version = "1")
`: {moduleKind, "module(name = \"snippet\")\n" + local + "\n..."},
		`images_pull(name = "x")
`: {workspaceKind, `workspace(name = "snippet")
` + repo + `
load("@rules_strata//rules:repositories.bzl", "images_pull", "rules_strata_dependencies")
rules_strata_dependencies()
...`},
		`load("@rules_strata//rules:repositories.bzl", "rules_strata_dependencies")
rules_strata_dependencies()
`: {workspaceKind, "workspace(name = \"snippet\")\n" + repo + "\n..."},
	} {
		kind, got, err := complete(snippet{page: "p.md", line: 3, text: text}, repository)
		if err != nil {
			t.Errorf("%s: %v", text, err)
			continue
		}
		wanted := "# From p.md:3\n" + strings.Replace(want.text, "...", text, 1)
		if kind != want.kind || strings.TrimSpace(string(got)) != strings.TrimSpace(wanted) {
			t.Errorf("%s: got %v\n%s\nwant %v\n%s", text, kind, got, want.kind, wanted)
		}
	}
	_, _, err := complete(snippet{page: "p.md", line: 3, text: "image(name = \"x\")\n\nmklayer: no\n"}, repository)
	if want := "this looks like Starlark, but does not parse: "; err == nil || !strings.HasPrefix(err.Error(), want) {
		t.Errorf("a message below a snippet: got error %v, want %s", err, want)
	}
}
