package main

import (
	"bytes"
	"context"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/diff"
	"github.com/rogpeppe/go-internal/txtar"
)

var update = flag.Bool("update", false, "write the results into testdata")

// TestMigrate translates the workspaces in testdata. A case has files, and their wanted content below want/; files without
// one stay. Its comment may name arguments and the exit code: "args: --flag" and "exit: 2". want.report is the report, and
// want.diff the output of a dry run, which must change nothing. Afterwards, another run must have nothing to do.
func TestMigrate(t *testing.T) {
	cases, err := filepath.Glob("testdata/*.txtar")
	if err != nil || len(cases) == 0 {
		t.Fatalf("no cases: %v", err)
	}
	for _, name := range cases {
		t.Run(strings.TrimSuffix(filepath.Base(name), ".txtar"), func(t *testing.T) { testCase(t, name) })
	}
}

func testCase(t *testing.T, name string) {
	archive, err := txtar.ParseFile(name)
	if err != nil {
		t.Fatal(err)
	}
	root := t.TempDir()
	before, want := map[string]string{}, map[string]string{}
	for _, f := range archive.Files {
		if wanted, ok := strings.CutPrefix(f.Name, "want"); ok {
			want[wanted[1:]] = string(f.Data)
			continue
		}
		before[f.Name] = string(f.Data)
		writeFile(t, filepath.Join(root, f.Name), f.Data)
	}
	args := append(caseSetting(archive, "args"), "--workspace="+root)
	code := "0"
	if set := caseSetting(archive, "exit"); len(set) > 0 {
		code = set[0]
	}

	dry, _, exit := execute(append(args, paths(archive, root)...))
	if exit != code {
		t.Errorf("dry run: exit code %s, want %s", exit, code)
	}
	if after := readAll(t, root); !equal(after, before) {
		t.Errorf("a dry run changed files")
	}
	out, report, exit := execute(append(slices.Concat([]string{"--write"}, args), paths(archive, root)...))
	if exit != code || out != "" {
		t.Errorf("exit code %s, want %s; output %q", exit, code, out)
	}
	after := readAll(t, root)
	if *update {
		updateCase(t, name, archive, before, after, report, dry)
		return
	}
	for file, text := range after {
		wanted, ok := want[file]
		if !ok {
			wanted = before[file]
		}
		compare(t, file, wanted, text)
	}
	compare(t, "report", want["report"], report)
	if text, ok := want["diff"]; ok {
		compare(t, "diff", text, dry)
	}

	if again, _, _ := execute(append(args, paths(archive, root)...)); again != "" {
		t.Errorf("a second run changes more:\n%s", again)
	}
}

// caseSetting returns the words of a line of the comment.
func caseSetting(archive *txtar.Archive, key string) []string {
	found := regexp.MustCompile(`(?m)^` + key + `: (.*)$`).FindSubmatch(archive.Comment)
	if found == nil {
		return nil
	}
	return strings.Fields(string(found[1]))
}

func paths(archive *txtar.Archive, root string) []string {
	var all []string
	for _, p := range caseSetting(archive, "paths") {
		all = append(all, filepath.Join(root, p))
	}
	return all
}

func execute(args []string) (out, report, code string) {
	var o, e bytes.Buffer
	exit := run(context.Background(), args, &o, &e)
	return o.String(), e.String(), fmt.Sprint(exit)
}

func writeFile(t *testing.T, name string, data []byte) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(name), 0o777); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(name, data, 0o666); err != nil {
		t.Fatal(err)
	}
}

func readAll(t *testing.T, root string) map[string]string {
	t.Helper()
	all := map[string]string{}
	err := filepath.Walk(root, func(name string, info os.FileInfo, err error) error {
		if err != nil || info.IsDir() {
			return err
		}
		data, err := os.ReadFile(name)
		relative, _ := filepath.Rel(root, name)
		all[filepath.ToSlash(relative)] = string(data)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func equal(a, b map[string]string) bool {
	for name, text := range a {
		if b[name] != text {
			return false
		}
	}
	return len(a) == len(b)
}

func compare(t *testing.T, name, want, got string) {
	t.Helper()
	if d := diff.Diff("want/"+name, []byte(want), "got/"+name, []byte(got)); len(d) > 0 {
		t.Errorf("%s", d)
	}
}

// updateCase replaces what the case wants.
func updateCase(t *testing.T, name string, archive *txtar.Archive, before, after map[string]string, report, dry string) {
	t.Helper()
	hasDiff := slices.ContainsFunc(archive.Files, func(f txtar.File) bool { return f.Name == "want.diff" })
	archive.Files = slices.DeleteFunc(archive.Files, func(f txtar.File) bool { return strings.HasPrefix(f.Name, "want") })
	for _, f := range slices.Clone(archive.Files) {
		if after[f.Name] != before[f.Name] {
			archive.Files = append(archive.Files, txtar.File{Name: "want/" + f.Name, Data: []byte(after[f.Name])})
		}
	}
	if hasDiff {
		archive.Files = append(archive.Files, txtar.File{Name: "want.diff", Data: []byte(dry)})
	}
	archive.Files = append(archive.Files, txtar.File{Name: "want.report", Data: []byte(report)})
	if err := os.WriteFile(name, txtar.Format(archive), 0o666); err != nil {
		t.Fatal(err)
	}
}
