// Package reach states, as a test, which packages each tool may reach, and that imports point one way only.
//
// It reads the imports of all Go files below tools/ that are no tests, whatever system they are for. That works under
// plain "go test" and, with these files and go.mod as data, under Bazel, where the go command is not at hand. What lies
// behind packages of other modules is not seen so; under plain "go test" the go command is asked about that, too.
package reach

import (
	"flag"
	"fmt"
	"go/parser"
	"go/token"
	"io/fs"
	"maps"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "rewrite the golden file")

const (
	module = "github.com/rules-strata/rules_strata"
	rooms  = "tools/internal/"
)

// levels is the law of the rooms: a package may import packages of lower levels only. Tools are above all of them.
var levels = [][]string{
	0: {
		"atomicfile", "capability", "check/rawtar", "check/strictjson", "cli", "compress", "decompress", "digest", "stamp",
		"tree", "worker",
	},
	1: {"launch", "oci", "reference", "source", "tarfile", "tarstream", "waiting"},
	2: {"auth", "blob", "content", "deb", "image", "nameflags", "shape", "wire"},
	3: {"cas", "layer", "layout", "lockfile", "progress", "registry"},
	4: {"archive", "check", "pin", "push", "remote"},
	5: {"engine", "imageflags", "importer"},
}

// testOnly are the rooms that only tests may import.
var testOnly = []string{"engine/enginetest", "imagetest", "registrytest"}

// callers are the packages whose importers are named here: what is not named may not import them. A tool whose name
// begins with "mk" may reach none of the first four, directly or not.
var callers = map[string][]string{
	"net": {"internal/auth", "internal/cas", "internal/registry", "internal/registrytest", "internal/engine", "internal/waiting"},
	"net/http": {
		"internal/auth", "internal/cas", "internal/registry", "internal/registrytest", "internal/engine", "internal/waiting",
		"lock", "push", "load", "imgcheck",
	},
	"os/exec": {"internal/auth", "internal/cas", "internal/engine", "internal/launch", "internal/waiting"},
	"plugin":  {},

	"C":       {},
	"testing": {"internal/imagetest", "internal/registrytest"},
	module + "/" + rooms + "wire": {
		"internal/imageflags", "mkbase", "mkconfig", "mkimport", "mkindex", "mklayer", "mklayout", "mkmanifest",
		"mkreference", "push", "load",
	},
}

// banned are the packages that no tool of a build action may reach.
var banned = []string{"net", "net/http", "os/exec", "plugin"}

// graph holds the imports of each package of the module below tools/, by its path relative to the module.
type graph map[string]*node

type node struct {
	name    string // of the package
	imports map[string]bool
}

// moduleRoot finds the directory of go.mod above the test.
func moduleRoot(t *testing.T) string {
	t.Helper()
	dir, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for ; ; dir = filepath.Dir(dir) {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return dir
		}
		if dir == filepath.Dir(dir) {
			t.Fatal("no go.mod above the test; under Bazel, it must be among the test's data")
		}
	}
}

// load reads the imports of all packages.
func load(t *testing.T, root string) graph {
	t.Helper()
	g := graph{}
	err := filepath.WalkDir(filepath.Join(root, "tools"), func(file string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && d.Name() == "testdata" {
			return filepath.SkipDir
		}
		if !strings.HasSuffix(file, ".go") || strings.HasSuffix(file, "_test.go") {
			return nil
		}
		parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.ImportsOnly)
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(root, filepath.Dir(file))
		if err != nil {
			return err
		}
		p := filepath.ToSlash(rel)
		if g[p] == nil {
			g[p] = &node{name: parsed.Name.Name, imports: make(map[string]bool)}
		}
		for _, spec := range parsed.Imports {
			name, err := strconv.Unquote(spec.Path.Value)
			if err != nil {
				return err
			}
			g[p].imports[name] = true
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return g
}

// tools returns the packages that are programs, sorted.
func (g graph) tools() []string {
	var all []string
	for p, n := range g {
		if n.name == "main" {
			all = append(all, p)
		}
	}
	slices.Sort(all)
	return all
}

// reach returns all packages that p imports, directly or through packages of the module, p itself excepted.
func (g graph) reach(p string) map[string]bool {
	all := make(map[string]bool)
	var visit func(p string)
	visit = func(p string) {
		for name := range g[p].imports {
			inside, ok := strings.CutPrefix(name, module+"/")
			if !all[name] && ok && g[inside] != nil {
				all[name] = true
				visit(inside)
			}
			all[name] = true
		}
	}
	visit(p)
	return all
}

// isStandard reports whether a package is one of Go's own: the first part of its path has no dot.
func isStandard(name string) bool {
	first, _, _ := strings.Cut(name, "/")
	return !strings.Contains(first, ".")
}

// TestReach compares what each tool reaches with testdata/reach.golden, which "go test -update" rewrites. Go's own
// packages are not listed, but for those that the law names.
func TestReach(t *testing.T) {
	g := load(t, moduleRoot(t))
	if len(g.tools()) == 0 {
		t.Fatal("no tools; under Bazel, the Go files below tools/ must be among the test's data")
	}
	var text strings.Builder
	for _, tool := range g.tools() {
		fmt.Fprintf(&text, "%s\n", path.Base(tool))
		reached := g.reach(tool)
		for _, name := range slices.Sorted(maps.Keys(reached)) {
			if _, named := callers[name]; named || !isStandard(name) {
				fmt.Fprintf(&text, "\t%s\n", strings.TrimPrefix(name, module+"/"+rooms))
			}
		}
		for _, name := range banned {
			if strings.HasPrefix(path.Base(tool), "mk") && reached[name] {
				t.Errorf("%s reaches %s, which no tool of a build action may", tool, name)
			}
		}
	}
	golden := filepath.Join("testdata", "reach.golden")
	if *update {
		if err := os.WriteFile(golden, []byte(text.String()), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if text.String() != string(want) {
		t.Errorf("the tools reach other packages than %s says; go test -update rewrites it. Now:\n%s", golden, &text)
	}
}

// TestArrows checks that imports point to lower levels.
func TestArrows(t *testing.T) {
	for _, problem := range arrows(load(t, moduleRoot(t))) {
		t.Error(problem)
	}
}

// arrows says which imports do not point to a lower level, and which packages and levels have no counterpart.
func arrows(g graph) []string {
	level := make(map[string]int)
	for n, names := range levels {
		for _, name := range names {
			level[rooms+name] = n
		}
	}
	for _, name := range testOnly {
		level[rooms+name] = len(levels)
	}
	var problems []string
	for _, p := range slices.Sorted(maps.Keys(level)) {
		if g[p] == nil {
			problems = append(problems, fmt.Sprintf("%s has a level, but is not there", p))
		}
	}
	for _, p := range slices.Sorted(maps.Keys(g)) {
		above, ok := level[p]
		if g[p].name == "main" {
			above, ok = len(levels), true
		}
		if !ok {
			problems = append(problems, fmt.Sprintf("%s has no level", p))
			continue
		}
		for _, name := range slices.Sorted(maps.Keys(g[p].imports)) {
			inside, ok := strings.CutPrefix(name, module+"/")
			if below, known := level[inside]; ok && known && below >= above {
				problems = append(problems, fmt.Sprintf("%s (level %d) imports %s (level %d)", p, above, inside, below))
			}
		}
	}
	return problems
}

// TestCallers checks that only those who are named import what has callers named.
func TestCallers(t *testing.T) {
	for _, problem := range strangers(load(t, moduleRoot(t))) {
		t.Error(problem)
	}
}

// strangers says who imports a package without being named among its callers.
func strangers(g graph) []string {
	var problems []string
	for _, p := range slices.Sorted(maps.Keys(g)) {
		for _, name := range slices.Sorted(maps.Keys(g[p].imports)) {
			named, ok := callers[name]
			if ok && !slices.Contains(named, strings.TrimPrefix(p, "tools/")) {
				problems = append(problems, fmt.Sprintf("%s imports %s", p, name))
			}
		}
	}
	return problems
}

// TestBreaches breaks the law in each way that the tests above claim to notice.
func TestBreaches(t *testing.T) {
	root := t.TempDir()
	for file, text := range map[string]string{
		"tools/mkbad/main.go":                     "package main\nimport \"" + module + "/tools/internal/imagetest\"",
		"tools/internal/imagetest/imagetest.go":   "package imagetest\nimport \"net/http\"",
		"tools/internal/oci/oci.go":               "package oci\nimport (\"" + module + "/tools/internal/content\"; \"C\")",
		"tools/internal/content/content.go":       "package content",
		"tools/internal/content/other_windows.go": "package content\nimport \"os/exec\"",
		"tools/internal/content/content_test.go":  "package content\nimport \"plugin\"",
		"tools/internal/content/testdata/x.go":    "package x\nimport \"plugin\"",
		"tools/internal/util/util.go":             "package util",
	} {
		file = filepath.Join(root, file)
		if err := os.MkdirAll(filepath.Dir(file), 0o777); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	g := load(t, root)
	reached := slices.Sorted(maps.Keys(g.reach("tools/mkbad")))
	if want := []string{module + "/tools/internal/imagetest", "net/http"}; !slices.Equal(reached, want) {
		t.Errorf("reach = %q, want %q", reached, want)
	}
	got := slices.DeleteFunc(arrows(g), func(problem string) bool { return strings.HasSuffix(problem, "is not there") })
	if want := []string{
		"tools/internal/oci (level 1) imports tools/internal/content (level 2)",
		"tools/internal/util has no level",
		"tools/mkbad (level 6) imports tools/internal/imagetest (level 6)",
	}; !slices.Equal(got, want) {
		t.Errorf("arrows = %q, want %q", got, want)
	}
	if got, want := strangers(g), []string{
		"tools/internal/content imports os/exec",
		"tools/internal/imagetest imports net/http",
		"tools/internal/oci imports C",
	}; !slices.Equal(got, want) {
		t.Errorf("strangers = %q, want %q", got, want)
	}
}

// TestDeepReach asks the go command what the tools of build actions reach through packages of other modules. Under
// Bazel there is none to ask, and the test of the same name under "go test" has to do.
func TestDeepReach(t *testing.T) {
	root := moduleRoot(t)
	var tools []string
	for _, tool := range load(t, root).tools() {
		if strings.HasPrefix(path.Base(tool), "mk") {
			tools = append(tools, module+"/"+tool)
		}
	}
	if len(tools) < 5 {
		t.Errorf("%d tools of build actions, there were more: %s", len(tools), tools)
	}
	if os.Getenv("TEST_SRCDIR") != "" {
		return
	}
	list := exec.Command("go", append([]string{"list", "-deps", "-f", "{{.ImportPath}}"}, tools...)...)
	list.Dir = root
	list.Env = append(os.Environ(), "CGO_ENABLED=0")
	out, err := list.Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	reached := strings.Fields(string(out))
	if !slices.Contains(reached, "fmt") {
		t.Errorf("go list knows of no fmt: %s", out)
	}
	for _, name := range banned {
		if slices.Contains(reached, name) {
			t.Errorf("a tool of a build action reaches %s", name)
		}
	}
}
