package layer

import (
	"fmt"
	"strings"
	"testing"

	"github.com/rules-strata/rules_strata/tools/internal/layer/tree"
)

func TestSummary(t *testing.T) {
	many := func(count int, format string) []string {
		var paths []string
		for i := range count {
			paths = append(paths, fmt.Sprintf(format, i))
		}
		return paths
	}
	for _, c := range []struct {
		name  string
		paths []string // with a trailing "/" for directories, "@" before symlinks, "-" before deletions
		want  string
	}{
		{"nothing", nil, "nothing"},
		{"the root", []string{"/"}, "/"},
		{"a file", []string{"/etc/app.conf"}, "/etc/app.conf"},
		{"the root and a file", []string{"/", "/a"}, "/a"},
		{"an empty directory", []string{"/var/lib/x/"}, "/var/lib/x/"},
		{"a symlink", []string{"@/bin/sh"}, "/bin/sh"},
		{"a deleted path", []string{"-/etc/motd"}, "-/etc/motd"},
		{"an opaque directory", []string{"-/var/cache/", "/var/cache/app/"}, "-/var/cache/* /var/cache/app/"},
		{"an opaque root", []string{"-/"}, "-/*"},
		{"a program", []string{"/app/server", "/app/server.runfiles/_main/a", "/app/server.runfiles/_repo_mapping"},
			"/app/server /app/server.runfiles/ (3 files)"},
		{"a repository", []string{"/app/x.runfiles/lib~/a/b", "/app/x.runfiles/lib~/c"},
			"/app/x.runfiles/lib~/a/b /app/x.runfiles/lib~/c (2 files)"},
		{"several trees", []string{"/usr/lib/a", "/usr/lib/b", "/etc/x", "@/bin"}, "/bin /etc/x /usr/lib/ (3 files)"},
		{"names that begin alike", []string{"/a/b/c", "/a/b/d", "/a/b.x", "/a/bc"}, "/a/b.x /a/b/ /a/bc (4 files)"},
		{"many", many(1000, "/d%03d/file"), "/d000/file /d001/file /d002/file /d003/file /d004/file /d005/file " +
			"/d006/file /d007/file /d008/file /d009/file /d010/file /d011/file /d012/file /d013/file and 986 more (1000 files)"},
		{"long names", many(2, "/%d"+strings.Repeat("é", 120)), "/0" + strings.Repeat("é", 77) + "... and 1 more (2 files)"},
		{"terminal escapes", []string{"/a\x1b[2J\u009b\u202eb\nc"}, "/a?[2J??b?c"},
	} {
		t.Run(c.name, func(t *testing.T) {
			var entries []tree.Entry
			for _, path := range c.paths {
				entries = append(entries, parse(path))
			}
			got := Summary(build(t, entries...))
			if got != c.want || len(got) > maxSummary {
				t.Errorf("got  %s\nwant %s", got, c.want)
			}
		})
	}
}

// parse returns the entry that a path in a test describes.
func parse(text string) tree.Entry {
	path, deleted := strings.CutPrefix(text, "-")
	path, linked := strings.CutPrefix(path, "@")
	e := tree.Entry{Path: path}
	switch dir := strings.HasSuffix(path, "/"); {
	case deleted && dir:
		e.Kind = tree.Opaque
	case deleted:
		e.Kind = tree.Whiteout
	case dir:
		e.Kind = tree.Dir
	case linked:
		e.Kind, e.Target = tree.Symlink, "x"
	}
	return e
}
