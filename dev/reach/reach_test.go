// Package reach tests which packages each tool may reach, and that the rooms below tools/internal import one another in one
// direction only.
//
// It reads the imports of all Go files below tools/ except tests, for every operating system. That works under plain
// "go test" and, with these files and go.mod as data, under Bazel, which has no go command. It does not see imports inside
// other modules; under plain "go test", TestDeepReach asks the go command for those.
//
// Who may import a single package is not stated here: Go's internal directories and the visibility of the BUILD files do
// that.
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

// owners lists the packages of Go that only some rooms and tools may import.
var owners = map[string][]string{
	"net":      {"engine", "registry"},
	"net/http": {"engine", "registry", "tools/push"},
	"os/exec":  {"cli", "engine", "expect", "registry", "tools/boot", "tools/push"},
	"plugin":   {},
	"C":        {},
}

// banned are the packages that no build step (a tool named mk*) may reach, directly or not.
var banned = []string{"net", "net/http", "os/exec", "plugin"}

// graph holds the packages of the module below tools/, by their paths relative to the module.
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

// load reads the imports of all packages below tools/.
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
		if _, err := os.Stat(filepath.Join(file, "go.mod")); d.IsDir() && err == nil {
			return filepath.SkipDir // a module of its own, like tools/migrate
		}
		if !strings.HasSuffix(file, ".go") || strings.HasSuffix(file, "_test.go") {
			return nil
		}
		rel, err := filepath.Rel(root, filepath.Dir(file))
		if err != nil {
			return err
		}
		return g.add(filepath.ToSlash(rel), file)
	})
	if err != nil {
		t.Fatal(err)
	}
	return g
}

// add reads the imports of one file of the package p.
func (g graph) add(p, file string) error {
	parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.ImportsOnly)
	if err != nil {
		return err
	}
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
}

// tools returns the packages that are programs, sorted.
func (g graph) tools() []string {
	var all []string
	for p, n := range g {
		if n.name == "main" && !strings.HasPrefix(p, rooms) {
			all = append(all, p)
		}
	}
	slices.Sort(all)
	return all
}

// reach returns all packages that p imports, directly or through packages of the module, except p itself.
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

// room returns the room that a package is in: the first element of its path below tools/internal. A tool is a room of its
// own, called by its whole path, since a tool and a room may have the same name.
func room(p string) string {
	inside, ok := strings.CutPrefix(p, rooms)
	if !ok {
		return p
	}
	first, _, _ := strings.Cut(inside, "/")
	return first
}

// isStandard reports whether a package belongs to Go's standard library: the first part of its path has no dot.
func isStandard(name string) bool {
	first, _, _ := strings.Cut(name, "/")
	return !strings.Contains(first, ".")
}

// TestReach compares the modules that each tool reaches, and the packages in owners, with testdata/reach.golden, which
// "go test -update" rewrites.
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
			_, owned := owners[name]
			if owned || !isStandard(name) && !strings.HasPrefix(name, module+"/") {
				fmt.Fprintf(&text, "\t%s\n", name)
			}
		}
		for _, name := range banned {
			if strings.HasPrefix(path.Base(tool), "mk") && reached[name] {
				t.Errorf("%s reaches %s, which no build step may", tool, name)
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
		t.Errorf("the tools reach other packages than %s lists; go test -update rewrites it. Now:\n%s", golden, &text)
	}
}

// TestRooms checks that imports between rooms form no cycle, and that restricted packages stay with their owners.
func TestRooms(t *testing.T) {
	g := load(t, moduleRoot(t))
	for _, problem := range slices.Concat(cycles(g), strangers(g)) {
		t.Error(problem)
	}
}

// cycles lists the rooms that import each other, directly or not.
func cycles(g graph) []string {
	imports := make(map[string]map[string]bool)
	for p, n := range g {
		from := room(p)
		if imports[from] == nil {
			imports[from] = make(map[string]bool)
		}
		for name := range n.imports {
			inside, ok := strings.CutPrefix(name, module+"/")
			if to := room(inside); ok && to != from {
				imports[from][to] = true
			}
		}
	}
	var problems []string
	for _, from := range slices.Sorted(maps.Keys(imports)) {
		if way := wayBack(imports, from); way != nil {
			problems = append(problems, "rooms import each other: "+strings.Join(way, " -> "))
		}
	}
	return problems
}

// wayBack returns a chain of imports from a room back to itself, or nil.
func wayBack(imports map[string]map[string]bool, start string) []string {
	seen := make(map[string]bool)
	var visit func(at string, way []string) []string
	visit = func(at string, way []string) []string {
		for _, next := range slices.Sorted(maps.Keys(imports[at])) {
			if next == start {
				return append(way, next)
			}
			if seen[next] {
				continue
			}
			seen[next] = true
			if found := visit(next, append(slices.Clone(way), next)); found != nil {
				return found
			}
		}
		return nil
	}
	return visit(start, []string{start})
}

// strangers lists the imports of restricted packages outside of the rooms that own them.
func strangers(g graph) []string {
	var problems []string
	for _, p := range slices.Sorted(maps.Keys(g)) {
		for _, name := range slices.Sorted(maps.Keys(g[p].imports)) {
			allowed, restricted := owners[name]
			if restricted && !slices.Contains(allowed, room(p)) {
				problems = append(problems, fmt.Sprintf("%s imports %s", p, name))
			}
		}
	}
	return problems
}

// TestBreaches breaks each rule that the tests above enforce.
func TestBreaches(t *testing.T) {
	root := t.TempDir()
	for file, text := range map[string]string{
		"tools/mkbad/main.go":                         "package main\nimport \"" + module + "/tools/internal/image/imagetest\"",
		"tools/internal/image/imagetest/imagetest.go": "package imagetest\nimport \"net/http\"",
		"tools/internal/oci/oci.go":                   "package oci\nimport (\"" + module + "/tools/internal/store/layout\"; \"C\")",
		"tools/internal/oci/wire/wire.go":             "package wire\nimport \"" + module + "/tools/internal/oci\"",
		"tools/internal/store/layout/layout.go":       "package layout\nimport \"" + module + "/tools/internal/oci/wire\"",
		"tools/internal/oci/content/content.go":       "package content",
		"tools/internal/oci/content/other_windows.go": "package content\nimport \"os/exec\"",
		"tools/internal/oci/content/content_test.go":  "package content\nimport \"plugin\"",
		"tools/internal/oci/content/testdata/x.go":    "package x\nimport \"plugin\"",
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
	if want := []string{module + "/tools/internal/image/imagetest", "net/http"}; !slices.Equal(reached, want) {
		t.Errorf("reach = %q, want %q", reached, want)
	}
	if got, want := cycles(g), []string{
		"rooms import each other: oci -> store -> oci",
		"rooms import each other: store -> oci -> store",
	}; !slices.Equal(got, want) {
		t.Errorf("cycles = %q, want %q", got, want)
	}
	if got, want := strangers(g), []string{
		"tools/internal/image/imagetest imports net/http",
		"tools/internal/oci imports C",
		"tools/internal/oci/content imports os/exec",
	}; !slices.Equal(got, want) {
		t.Errorf("strangers = %q, want %q", got, want)
	}
}

// TestDeepReach asks the go command which packages the build steps reach through other modules. Under Bazel there is no
// go command, and the test of the same name under "go test" has to do.
func TestDeepReach(t *testing.T) {
	root := moduleRoot(t)
	var tools []string
	for _, tool := range load(t, root).tools() {
		if strings.HasPrefix(path.Base(tool), "mk") {
			tools = append(tools, module+"/"+tool)
		}
	}
	if len(tools) < 5 {
		t.Errorf("%d build steps, there were more: %s", len(tools), tools)
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
		t.Errorf("go list does not list fmt: %s", out)
	}
	for _, name := range banned {
		if slices.Contains(reached, name) {
			t.Errorf("a build step reaches %s", name)
		}
	}
}
