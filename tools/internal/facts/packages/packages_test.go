package packages

import (
	"strings"
	"testing"

	"github.com/rules-strata/rules_strata/tools/internal/oci/digest"
)

var sum = digest.FromBytes(nil)

// layers is a file system of layers without deletions, whose symlinks are in links.
type layers struct {
	all   []Layer
	links map[string]string
	gone  string
}

func (l layers) Layer(path string) int {
	for i := len(l.all) - 1; i >= 0; i-- {
		for _, f := range l.all[i].Files {
			if f.Path == path && path != l.gone {
				return i
			}
		}
	}
	return -1
}

func (l layers) Resolve(path string) string {
	for from, to := range l.links {
		path = strings.Replace(path, from, to, 1)
	}
	return path
}

func deb(name string) Package { return Package{Type: "deb", Name: name, Version: "1"} }

func TestMerge(t *testing.T) {
	all := []Layer{
		{Files: []File{
			{Path: "/usr/lib/os-release", Release: &Release{"debian", "12"}},
			{Path: "/usr/share/doc/base/copyright", Licenses: []string{"GPL-2+"}},
			{Path: "/var/lib/dpkg/status", Packages: []Package{deb("base"), deb("old")}},
			{Path: "/x/gone.jar", Packages: []Package{{Type: "maven", Name: "gone"}}},
			{Path: "/x/lib.jar", Packages: []Package{{Type: "maven", Namespace: "a", Name: "lib", Version: "1"}}},
		}},
		{Files: []File{
			{Path: "/var/lib/dpkg/status", Packages: []Package{deb("base"), deb("lib")}},
			{Path: "/y/lib.jar", Packages: []Package{{Type: "maven", Namespace: "a", Name: "lib", Version: "1"}}},
		}},
		{Files: []File{
			{Path: "/var/lib/dpkg/status", Packages: []Package{deb("base"), deb("lib")}},
			{Path: "/var/lib/rpm/Packages", Problem: "unread"},
		}},
	}
	tree := layers{all, map[string]string{"/etc/os-release": "/usr/lib/os-release", "/doc/lib/": "/doc/base/"}, "/x/gone.jar"}
	found, problems := Merge(all, tree)
	type line struct {
		purl, license string
		places        []Place
	}
	want := []line{
		{"pkg:deb/debian/base@1?distro=debian-12", "GPL-2.0-or-later", []Place{{0, "/var/lib/dpkg/status"}}},
		{"pkg:deb/debian/lib@1?distro=debian-12", "GPL-2.0-or-later", []Place{{1, "/var/lib/dpkg/status"}}},
		{"pkg:maven/a/lib@1", "", []Place{{0, "/x/lib.jar"}, {1, "/y/lib.jar"}}},
	}
	if len(found) != len(want) {
		t.Fatalf("%d packages, want %d: %v", len(found), len(want), found)
	}
	for i, w := range want {
		got := found[i]
		if got.PURL != w.purl || got.License.String() != w.license || len(got.Places) != len(w.places) || got.Places[0] != w.places[0] {
			t.Errorf("got %v, want %v", got, w)
		}
	}
	if len(problems) != 1 || problems[0] != (Problem{Place{2, "/var/lib/rpm/Packages"}, "unread"}) {
		t.Errorf("problems: %v", problems)
	}
}

func TestParsePURL(t *testing.T) {
	for _, text := range []string{
		"pkg:golang/github.com/klauspost/compress@v1.20.3", "pkg:npm/%40scope/lib@1.0.0", "pkg:deb/debian/libc6@1%3A2.36?arch=amd64&distro=debian-12",
		"pkg:generic/name", "pkg:oci/app@" + "sha256%3A00?repository_url=r.example.com%2Fapp",
	} {
		p, err := ParsePURL(text)
		if got := p.PURL(nil); err != nil || got != text {
			t.Errorf("%s: got %s, %v", text, got, err)
		}
	}
	for _, text := range []string{"", "pkg:", "pkg:npm", "pkg:/x", "http://x", "pkg:npm/%zz", "pkg:npm/a?%zz", "pkg:npm/@1/"} {
		if p, err := ParsePURL(text); err == nil && p.Name == "" {
			t.Errorf("%q has no name", text)
		} else if err == nil && text != "pkg:npm/@1/" {
			t.Errorf("%q is not refused: %v", text, p)
		}
	}
}

func TestReadRefuses(t *testing.T) {
	head := `{"version":1,"layers":[{"digest":"` + string(sum) + `","diff_id":"` + string(sum) + `","files":[`
	for _, c := range []struct{ text, want string }{
		{"", "empty document"},
		{`{"version":2}`, "version 2, expected 1"},
		{`{"version":1,"layers":[{}]}`, `digest ""`},
		{head + `{"path":"/b"},{"path":"/a"}]}]}`, "not sorted"},
		{head + `{"path":"/b","packages":[{"type":"deb"}]}]}]}`, "/b: a package without a type or a name"},
	} {
		if _, err := read(strings.NewReader(c.text)); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: got %v, want %q", c.text, err, c.want)
		}
	}
}

func FuzzRead(f *testing.F) {
	f.Add(`{"version":1,"layers":[{"digest":"` + string(sum) + `","diff_id":"` + string(sum) + `","files":[{"path":"/a","packages":[{"type":"deb","name":"b"}]}]}]}`)
	f.Fuzz(func(t *testing.T, text string) {
		all, err := read(strings.NewReader(text))
		if err == nil {
			Merge(all, layers{all: all})
		}
	})
}
