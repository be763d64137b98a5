package main

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/bazelbuild/buildtools/build"
	"github.com/rogpeppe/go-internal/txtar"

	"github.com/rules-strata/rules_strata/tools/migrate/internal/model"
	"github.com/rules-strata/rules_strata/tools/migrate/internal/render/change"
	"github.com/rules-strata/rules_strata/tools/migrate/internal/rules"
	"github.com/rules-strata/rules_strata/tools/migrate/internal/workspace"
)

const imageFile = "load(\"@rules_oci//oci:defs.bzl\", \"oci_image\")\n\noci_image(name = \"image\", os = \"linux\")\n"

// workspaceWith returns a directory with a workspace and, next to it, another directory.
func workspaceWith(t *testing.T, files map[string]string) (root, outside string) {
	t.Helper()
	dir := t.TempDir()
	root, outside = filepath.Join(dir, "workspace"), filepath.Join(dir, "outside")
	writeFile(t, filepath.Join(root, "MODULE.bazel"), []byte("bazel_dep(name = \"rules_strata\", version = \"0.1.0\")\n"))
	writeFile(t, filepath.Join(outside, "BUILD.bazel"), []byte(imageFile))
	for name, text := range files {
		writeFile(t, filepath.Join(root, name), []byte(text))
	}
	return root, outside
}

func TestSymlinksAreNotFollowed(t *testing.T) {
	root, outside := workspaceWith(t, map[string]string{"a/BUILD.bazel": imageFile})
	for link, target := range map[string]string{"dir": outside, "BUILD.bazel": filepath.Join(outside, "BUILD.bazel")} {
		if err := os.Symlink(target, filepath.Join(root, link)); err != nil {
			t.Fatal(err)
		}
	}
	if _, report, code := execute([]string{"--write", "--workspace=" + root, root}); code != "0" || report != "1 translated, 0 skipped\n" {
		t.Errorf("exit code %s, report %q", code, report)
	}
	compare(t, "outside", imageFile, readAll(t, outside)["BUILD.bazel"])
	if after := readAll(t, filepath.Join(root, "a"))["BUILD.bazel"]; after == imageFile {
		t.Error("the file in the workspace did not change")
	}
	for _, p := range []string{"dir", "dir/BUILD.bazel", "BUILD.bazel", "../outside"} {
		if out, report, code := execute([]string{"--workspace=" + root, filepath.Join(root, p)}); code != "1" || out != "" || !strings.Contains(report, "outside of the workspace") {
			t.Errorf("%s: exit code %s, report %q", p, code, report)
		}
	}
}

func TestFileReplacedBySymlink(t *testing.T) {
	root, outside := workspaceWith(t, map[string]string{"BUILD.bazel": imageFile})
	w, err := workspace.Open(root, rules.Find)
	if err != nil {
		t.Fatal(err)
	}
	if err := workspace.Choose(w, []string{"."}); err != nil {
		t.Fatal(err)
	}
	changes, err := translate(w).changes()
	if err != nil || len(changes) != 1 {
		t.Fatalf("%d changes, %v", len(changes), err)
	}
	name := filepath.Join(root, "BUILD.bazel")
	if err := os.Remove(name); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(filepath.Join(outside, "BUILD.bazel"), name); err != nil {
		t.Fatal(err)
	}
	if err := change.Write(root, changes); err == nil || !strings.Contains(err.Error(), "not a regular file") {
		t.Errorf("error %v", err)
	}
	compare(t, "outside", imageFile, readAll(t, outside)["BUILD.bazel"])
}

// TestModuleLast checks that MODULE.bazel stays if another file cannot be written: it would declare what nothing uses yet, and
// lack what files still use.
func TestModuleLast(t *testing.T) {
	const module = "bazel_dep(name = \"rules_oci\", version = \"2.2.6\")\n"
	root, _ := workspaceWith(t, map[string]string{"MODULE.bazel": module, "z/BUILD.bazel": imageFile})
	w, err := workspace.Open(root, rules.Find)
	if err != nil {
		t.Fatal(err)
	}
	if err := workspace.Choose(w, []string{"."}); err != nil {
		t.Fatal(err)
	}
	changes, err := translate(w).changes()
	if err != nil || len(changes) != 2 || changes[0].File.Name != "MODULE.bazel" {
		t.Fatalf("%d changes, %v", len(changes), err)
	}
	if err := os.Remove(filepath.Join(root, "z/BUILD.bazel")); err != nil {
		t.Fatal(err)
	}
	if err := change.Write(root, changes); err == nil {
		t.Error("no error")
	}
	compare(t, "MODULE.bazel", module, readAll(t, root)["MODULE.bazel"])
}

func TestModeIsKept(t *testing.T) {
	root, _ := workspaceWith(t, map[string]string{"BUILD.bazel": imageFile})
	name := filepath.Join(root, "BUILD.bazel")
	if err := os.Chmod(name, 0o640); err != nil {
		t.Fatal(err)
	}
	if _, report, code := execute([]string{"--write", "--workspace=" + root, root}); code != "0" {
		t.Fatalf("exit code %s, %s", code, report)
	}
	if info, err := os.Stat(name); err != nil || info.Mode().Perm() != 0o640 {
		t.Errorf("mode %v, %v", info.Mode(), err)
	}
}

func TestCommandLine(t *testing.T) {
	root, _ := workspaceWith(t, map[string]string{"BUILD.bazel": imageFile, "bad/BUILD.bazel": "x = (", "crlf/BUILD.bazel": "x = 1\r\n"})
	for _, test := range []struct {
		args       []string
		code, want string
	}{
		{[]string{"--help"}, "0", "usage: migrate [flags] [PATH...]"},
		{[]string{"--nonsense"}, "64", "flag provided but not defined"},
		{[]string{"--workspace=" + root, filepath.Join(root, "none")}, "1", "no such file"},
		{[]string{"--workspace=" + filepath.Join(root, "none")}, "1", "no such file"},
		{[]string{"--workspace=" + root, root}, "2", "bad/BUILD.bazel: "},
		{[]string{"--workspace=" + root, root}, "2", "crlf/BUILD.bazel: the file has carriage returns"},
	} {
		if _, report, code := execute(test.args); code != test.code || !strings.Contains(report, test.want) {
			t.Errorf("%v: exit code %s, report %q", test.args, code, report)
		}
	}
	t.Setenv("BUILD_WORKING_DIRECTORY", filepath.Join(root, "bad"))
	if out, report, code := execute([]string{"../BUILD.bazel"}); code != "2" || !strings.Contains(out, "+image(") {
		t.Errorf("exit code %s, %s", code, report)
	}
	if out, _, code := execute([]string{"--statistics", root}); code != "0" || out != "rules_oci\t1 of 1, 0 more without their chains\n" {
		t.Errorf("exit code %s, statistics %q", code, out)
	}
}

// TestShare prints the share of calls that are translated, per ruleset, in the cases and in the workspaces that the
// end-to-end tests build. In the latter it must be all of them. --statistics prints the same for any other workspace.
func TestShare(t *testing.T) {
	counted := regexp.MustCompile(`(?m)^(\S+)\t(\d+) of (\d+),`)
	total := map[string][2]int{}
	add := func(root string) string {
		out, _, code := execute([]string{"--statistics", "--workspace=" + root, root})
		if code != "0" {
			t.Fatalf("%s: exit code %s", root, code)
		}
		for _, m := range counted.FindAllStringSubmatch(out, -1) {
			done, _ := strconv.Atoi(m[2])
			all, _ := strconv.Atoi(m[3])
			total[m[1]] = [2]int{total[m[1]][0] + done, total[m[1]][1] + all}
			if strings.Contains(root, "e2e") && done != all {
				t.Errorf("%s: %s", root, m[0])
			}
		}
		return out
	}
	for _, name := range []string{"docker", "img", "oci"} {
		root, err := filepath.Abs("../../e2e/migrate/" + name)
		if err != nil {
			t.Fatal(err)
		}
		if out := add(root); !strings.Contains(out, "rules_"+name) {
			t.Errorf("%s has no calls: %q", name, out)
		}
	}
	cases, _ := filepath.Glob("testdata/*.txtar")
	for _, name := range cases {
		archive, err := txtar.ParseFile(name)
		if err != nil {
			t.Fatal(err)
		}
		root := t.TempDir()
		for _, f := range archive.Files {
			if !strings.HasPrefix(f.Name, "want") {
				writeFile(t, filepath.Join(root, f.Name), f.Data)
			}
		}
		add(root)
	}
	for _, ruleset := range slices.Sorted(maps.Keys(total)) {
		n := total[ruleset]
		t.Logf("%s: %d of %d, %.0f %%", ruleset, n[0], n[1], 100*float64(n[0])/float64(n[1]))
	}
}

// TestParser compares the version of the parser in MODULE.bazel with that in go.mod.
func TestParser(t *testing.T) {
	module, err := os.ReadFile("../../MODULE.bazel")
	if err != nil {
		t.Fatal(err)
	}
	sums, err := os.ReadFile("go.sum")
	if err != nil {
		t.Fatal(err)
	}
	found := regexp.MustCompile(`sum = "(.*)",\n    version = "(.*)",`).FindSubmatch(module)
	if found == nil || !strings.Contains(string(sums), fmt.Sprintf("github.com/bazelbuild/buildtools %s %s\n", found[2], found[1])) {
		t.Errorf("MODULE.bazel has %q, which go.sum lacks", found)
	}
}

// FuzzMigrate translates any file. The result is Starlark, and another run has nothing to do.
func FuzzMigrate(f *testing.F) {
	cases, _ := filepath.Glob("testdata/*.txtar")
	for _, name := range cases {
		text, err := os.ReadFile(name)
		if err != nil {
			f.Fatal(err)
		}
		for _, part := range regexp.MustCompile(`(?m)^-- .* --$`).Split(string(text), -1)[1:] {
			f.Add(part)
		}
	}
	f.Fuzz(func(t *testing.T, text string) {
		once := translateText(t, text)
		if once == "" {
			return
		}
		if twice := translateText(t, once); twice != "" && twice != once {
			t.Errorf("the second run changes more:\n%s\n---\n%s\n---\n%s", text, once, twice)
		}
	})
}

// translateText translates a BUILD file, or returns nothing if it is not one.
func translateText(t *testing.T, text string) string {
	t.Helper()
	if _, err := build.ParseBuild("BUILD.bazel", []byte(text)); err != nil {
		return ""
	}
	f, err := model.Parse("BUILD.bazel", []byte(text), rules.Find)
	if err != nil {
		return ""
	}
	w := model.NewWorkspace(t.TempDir())
	f.Chosen = true
	w.Add(f)
	changes, err := translate(w).changes()
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range changes {
		return string(c.Text)
	}
	return text
}
