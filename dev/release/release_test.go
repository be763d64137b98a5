package main

import (
	"archive/tar"
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

const moduleText = `module(
    name = "rules_strata",
    version = "1.2.3",
    compatibility_level = 1,
)

bazel_dep(name = "platforms", version = "1.0.0")

# The module rules_strata_source begins here. Its reason
# takes two lines.

bazel_dep(name = "rules_go", version = "0.60.0")

go_sdk.download(version = "1.26.8")
`

const toolsText = `BUILD_TOOLS = {
    "mklayer": "Builds a layer.",
}

RUN_TOOLS = {
    "vminit": "Starts the program of an image.",
}

MIGRATE_TOOLS = {
    "migrate": "Rewrites BUILD files.",
}
`

// commit returns the files of a commit that can be released.
func commit() sources {
	return sources{
		{name: ".bcr/metadata.template.json", content: []byte(`{"homepage": "https://github.com/{OWNER}/{REPO}", "versions": []}`)},
		{name: ".bcr/presubmit.yml", content: []byte("of the rules\n")},
		{name: ".bcr/source.presubmit.yml", content: []byte("of the source\n")},
		{name: ".bcr/source.template.json", content: []byte(`{"integrity": "", "url": "https://github.com/{OWNER}/{REPO}/{TAG}"}`)},
		{name: "CHANGELOG.md", content: []byte("# Changelog\n\n## Unreleased\n\n- Next.\n\n## 1.2.3\n\n### Layers\n\n- This.\n\n## 1.2.2\n\n- Old.\n")},
		{name: "MODULE.bazel", content: []byte(moduleText)},
		{name: "go.mod", content: []byte("module github.com/someone/rules\n\ngo 1.25.0\n")},
		{name: "tools.lock.json", content: []byte(`{"urls": [], "build": {}, "run": {}}`)},
		{name: "tools/migrate/go.mod"},
		{name: "tools/migrate/main.go"},
		{name: "tools/mklayer/main.go"},
		{name: "tools/tools.bzl", content: []byte(toolsText)},
		{name: "tools/vminit/main_linux.go"},
	}
}

func released(t *testing.T, source sources) map[string]string {
	t.Helper()
	rel, err := newRelease(source)
	if err != nil {
		t.Fatal(err)
	}
	files, err := rel.files([]toolArchive{
		{kind: buildTools, platform: platform{"linux", "arm64"}, content: []byte("build")},
		{kind: runTools, platform: platform{"windows", "amd64"}, content: []byte("run")},
		{kind: migrateTools, platform: platform{"linux", "arm64"}, content: []byte("migrate")},
	})
	if err != nil {
		t.Fatal(err)
	}
	content := map[string]string{}
	for _, f := range files {
		content[f.name] = string(f.content)
	}
	return content
}

func TestFiles(t *testing.T) {
	got := released(t, commit())
	want := []string{
		"SHA256SUMS",
		"build-tools-linux_arm64.tar.xz",
		"migrate-tools-linux_arm64.tar.xz",
		"registry/modules/rules_strata/1.2.3/MODULE.bazel",
		"registry/modules/rules_strata/1.2.3/presubmit.yml",
		"registry/modules/rules_strata/1.2.3/source.json",
		"registry/modules/rules_strata/metadata.json",
		"registry/modules/rules_strata_source/1.2.3/MODULE.bazel",
		"registry/modules/rules_strata_source/1.2.3/overlay/MODULE.bazel",
		"registry/modules/rules_strata_source/1.2.3/presubmit.yml",
		"registry/modules/rules_strata_source/1.2.3/source.json",
		"registry/modules/rules_strata_source/metadata.json",
		"release-notes.md",
		"rules_strata-v1.2.3.tar.gz",
		"run-tools-windows_amd64.tar.xz",
		"tools.lock.json",
	}
	var names []string
	for name := range got {
		names = append(names, name)
	}
	slices.Sort(names)
	if !slices.Equal(names, want) {
		t.Errorf("files: %q, want %q", names, want)
	}
	for name, want := range map[string]string{
		"registry/modules/rules_strata/1.2.3/presubmit.yml":        "of the rules\n",
		"registry/modules/rules_strata_source/1.2.3/presubmit.yml": "of the source\n",
		"release-notes.md": "### Layers\n\n- This.\n",
	} {
		if got[name] != want {
			t.Errorf("%s: %q, want %q", name, got[name], want)
		}
	}
}

// The two modules share one archive, and the registry's MODULE.bazel goes over that of the archive.
func TestRegistry(t *testing.T) {
	got := released(t, commit())
	archive := integrity([]byte(got["rules_strata-v1.2.3.tar.gz"]))
	overlay := got["registry/modules/rules_strata_source/1.2.3/overlay/MODULE.bazel"]
	for name, want := range map[string]map[string]any{
		"rules_strata/1.2.3/source.json": {
			"integrity": archive, "url": "https://github.com/someone/rules/v1.2.3",
		},
		"rules_strata_source/1.2.3/source.json": {
			"integrity": archive, "url": "https://github.com/someone/rules/v1.2.3",
			"overlay": map[string]any{"MODULE.bazel": integrity([]byte(overlay))},
		},
		"rules_strata/metadata.json": {
			"homepage": "https://github.com/someone/rules", "versions": []any{"1.2.3"},
		},
	} {
		equalJSON(t, got["registry/modules/"+name], want)
	}
	if overlay != got["registry/modules/rules_strata_source/1.2.3/MODULE.bazel"] {
		t.Errorf("the overlay is another file than the entry's MODULE.bazel: %s", overlay)
	}
}

func equalJSON(t *testing.T, text string, want any) {
	t.Helper()
	encoded, err := json.Marshal(want)
	if err != nil {
		t.Fatal(err)
	}
	var compact bytes.Buffer
	if err := json.Compact(&compact, []byte(text)); err != nil {
		t.Fatal(err)
	}
	if compact.String() != string(encoded) {
		t.Errorf("got %s, want %s", &compact, encoded)
	}
}

func TestLock(t *testing.T) {
	equalJSON(t, released(t, commit())["tools.lock.json"], toolsLock{
		URLs:  []string{"https://github.com/someone/rules/releases/download/v1.2.3/{kind}-tools-{platform}.tar.xz"},
		Build: map[string]string{"linux_arm64": hexSum([]byte("build"))},
		Run:   map[string]string{"windows_amd64": hexSum([]byte("run"))},

		Migrate: map[string]string{"linux_arm64": hexSum([]byte("migrate"))},
	})
}

func TestChecksums(t *testing.T) {
	got := released(t, commit())
	lines := strings.Split(strings.TrimSuffix(got["SHA256SUMS"], "\n"), "\n")
	if len(lines) != 5 || !slices.IsSortedFunc(lines, func(a, b string) int { return strings.Compare(a[64:], b[64:]) }) {
		t.Errorf("want a sorted line for each of the 5 other files, got %q", lines)
	}
	for _, line := range lines {
		sum, name, _ := strings.Cut(line, "  ")
		if sum != hexSum([]byte(got[name])) {
			t.Errorf("%s: the sum is not that of the file", line)
		}
	}
}

// The archive has the files of the commit, of which two are others.
func TestModuleArchive(t *testing.T) {
	rel, err := newRelease(commit())
	if err != nil {
		t.Fatal(err)
	}
	var packed bytes.Buffer
	files, err := rel.moduleFiles([]byte("lock"))
	if err != nil {
		t.Fatal(err)
	}
	if err := writeTar(&packed, "top/", files); err != nil {
		t.Fatal(err)
	}
	got, err := readTar(&packed)
	if err != nil {
		t.Fatal(err)
	}
	if len(got) != len(commit()) {
		t.Errorf("got %d files, want %d", len(got), len(commit()))
	}
	for _, f := range commit() {
		want := string(f.content)
		switch f.name {
		case "MODULE.bazel":
			want = string(rel.rules)
		case "tools.lock.json":
			want = "lock"
		}
		if content, err := got.read("top/" + f.name); err != nil || string(content) != want {
			t.Errorf("%s: %q, %v; want %q", f.name, content, err, want)
		}
	}
}

// The order of the input and the time make no difference.
func TestArchiveIsDeterministic(t *testing.T) {
	files := []file{
		{name: "b", content: []byte("b")},
		{name: "a/b", executable: true, content: []byte("a/b")},
		{name: "a", content: []byte("a")},
	}
	var texts []string
	for range 2 {
		for _, pack := range []func() ([]byte, error){
			func() ([]byte, error) { return tarGzip("top/", files) },
			func() ([]byte, error) { return tarXz(files) },
		} {
			content, err := pack()
			if err != nil {
				t.Fatal(err)
			}
			texts = append(texts, string(content))
		}
		slices.Reverse(files)
	}
	if texts[0] != texts[2] || texts[1] != texts[3] {
		t.Error("the same files in another order give other bytes")
	}
}

func TestParseModule(t *testing.T) {
	got, err := parseModule([]byte(moduleText))
	if err != nil {
		t.Fatal(err)
	}
	rules, _, _ := strings.Cut(moduleText, "\n# The module")
	source := strings.ReplaceAll(sourceHeader, "{VERSION}", "1.2.3") + `bazel_dep(name = "platforms", version = "1.0.0")
bazel_dep(name = "rules_go", version = "0.60.0")

go_sdk.download(version = "1.26.8")
`
	if got.version != "1.2.3" || got.goVersion != "1.26.8" || string(got.rules) != rules || string(got.source) != source {
		t.Errorf("got version %s, Go %s, rules\n%s\nsource\n%s", got.version, got.goVersion, got.rules, got.source)
	}
}

func TestRefusals(t *testing.T) {
	for name, test := range map[string]struct {
		file, old, new string
		want           string
	}{
		"one part":         {"MODULE.bazel", "# The module", "# A module", "MODULE.bazel: want one line that begins with"},
		"no version":       {"MODULE.bazel", `version = "1.2.3"`, `version = ""`, "MODULE.bazel: module() has no version"},
		"no Go version":    {"MODULE.bazel", "go_sdk.download(", "go_sdk.host(", "MODULE.bazel: go_sdk.download has no version"},
		"no repository":    {"go.mod", "github.com", "example.com", "go.mod: the module path is not that of a GitHub repository"},
		"no lock file":     {"tools.lock.json", "", "", "the commit lacks one of the files"},
		"no template":      {".bcr/presubmit.yml", "", "", ".bcr/presubmit.yml: the commit has no such file"},
		"no JSON":          {".bcr/source.template.json", "{", "", ".bcr/source.template.json: invalid character"},
		"no release notes": {"CHANGELOG.md", "## ", "### ", `CHANGELOG.md: no section "## 1.2.3"`},
	} {
		t.Run(name, func(t *testing.T) {
			if err := attempt(changed(test.file, test.old, test.new)); err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("error %v, want %q", err, test.want)
			}
		})
	}
}

// changed returns a commit in which a file has another text, or is missing if there is nothing to replace.
func changed(name, old, new string) sources {
	var files sources
	for _, f := range commit() {
		if f.name == name {
			if old == "" {
				continue
			}
			f.content = bytes.ReplaceAll(f.content, []byte(old), []byte(new))
		}
		files = append(files, f)
	}
	return files
}

func attempt(source sources) error {
	rel, err := newRelease(source)
	if err != nil {
		return err
	}
	_, err = rel.files(nil)
	return err
}

func TestPrograms(t *testing.T) {
	programs, err := commit().programs()
	want := map[string][]string{".": {"./tools/mklayer", "./tools/vminit"}, "tools/migrate": {"."}}
	if err != nil || !maps.EqualFunc(programs, want, slices.Equal) {
		t.Errorf("programs: %q, want %q", programs, want)
	}
}

func TestChoosePlatforms(t *testing.T) {
	all, err := choosePlatforms("")
	if err != nil || len(all) != 6 {
		t.Errorf("all: %v, %v", all, err)
	}
	some, err := choosePlatforms("windows_arm64,linux_amd64")
	if want := []platform{{"windows", "arm64"}, {"linux", "amd64"}}; err != nil || !slices.Equal(some, want) {
		t.Errorf("some: %v, %v; want %v", some, err, want)
	}
	if _, err := choosePlatforms("linux_mips"); err == nil || !strings.Contains(err.Error(), `platform "linux_mips": the choice is among`) {
		t.Errorf("linux_mips: %v", err)
	}
}

func TestCheckTag(t *testing.T) {
	rel, err := newRelease(commit())
	if err != nil {
		t.Fatal(err)
	}
	for tag, want := range map[string]string{
		"":       "<nil>",
		"v1.2.3": "<nil>",
		"1.2.3":  "tag 1.2.3: the version in MODULE.bazel is 1.2.3, whose tag is v1.2.3",
		"v1.2.4": "tag v1.2.4: the version in MODULE.bazel is 1.2.3, whose tag is v1.2.3",
	} {
		if got := fmt.Sprint(rel.checkTag(tag)); got != want {
			t.Errorf("tag %q: %s, want %s", tag, got, want)
		}
	}
}

// A symlink in the archive would keep users on Windows from unpacking it.
func TestReadTarRefusesSymlinks(t *testing.T) {
	var archive bytes.Buffer
	writer := tar.NewWriter(&archive)
	if err := writer.WriteHeader(&tar.Header{Typeflag: tar.TypeSymlink, Name: "a", Linkname: "b"}); err != nil {
		t.Fatal(err)
	}
	if _, err := readTar(&archive); err == nil || !strings.Contains(err.Error(), "a: want a regular file") {
		t.Errorf("error %v", err)
	}
}

// A release goes into a directory of its own: files of another one beside it would be published with it.
func TestWrite(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "new")
	files := []file{{name: "a/b", executable: true, content: []byte("b")}}
	if err := write(dir, files); err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(filepath.Join(dir, "a", "b"))
	if err != nil || info.Mode().Perm()&0o100 == 0 {
		t.Errorf("a/b: %v, %v; want an executable file", info, err)
	}
	if err := write(dir, files); err == nil || !strings.Contains(err.Error(), "the directory is not empty") {
		t.Errorf("into a directory with files: %v", err)
	}
}

// The rules can use what a release has: prebuilt.bzl has the platforms, and the tools by their kinds are those of tools.bzl.
func TestRulesAgree(t *testing.T) {
	prebuilt := readFile(t, "rules/private/repo/prebuilt.bzl")
	for _, p := range platforms {
		for _, name := range []string{p.os, p.arch} {
			if !strings.Contains(prebuilt, `"`+name+`": "`) {
				t.Errorf("prebuilt.bzl does not know %s", name)
			}
		}
	}
	build, run, ok := strings.Cut(readFile(t, "tools/tools.bzl"), "\nRUN_TOOLS = {")
	run, migrate, also := strings.Cut(run, "\nMIGRATE_TOOLS = {")
	if !ok || !also {
		t.Fatal("tools.bzl has no RUN_TOOLS or MIGRATE_TOOLS")
	}
	for k, text := range map[kind]string{buildTools: build, runTools: run, migrateTools: migrate} {
		for line := range strings.Lines(text) {
			if name, ok := strings.CutPrefix(line, `    "`); ok {
				name, _, _ = strings.Cut(name, `"`)
				for _, program := range []string{name, name + ".exe"} {
					if kindOf(program) != k {
						t.Errorf("tools.bzl: %s is a tool of the kind %s, here %s of %s", name, k, program, kindOf(program))
					}
				}
			}
		}
	}
}

// readFile reads a file of the repository, whose directory is two above that of the test.
func readFile(t *testing.T, name string) string {
	t.Helper()
	content, err := os.ReadFile(filepath.Join("..", "..", filepath.FromSlash(name)))
	if err != nil {
		t.Fatal(err)
	}
	return string(content)
}
