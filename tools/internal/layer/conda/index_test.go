package conda

import (
	"errors"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rules-strata/rules_strata/tools/internal/layer/conda/condatest"
)

func TestPython(t *testing.T) {
	python := func(index map[string]any) (Python, error) {
		file := filepath.Join(t.TempDir(), "pkg")
		if err := (condatest.Package{Name: "python", Version: "3.11.9", Index: index}).Write(file); err != nil {
			t.Fatal(err)
		}
		python, err := ReadPython(t.Context(), file, t.TempDir())
		if err != nil {
			_, text, _ := strings.Cut(err.Error(), "/pkg: ")
			err = errors.New("pkg: " + text)
		}
		return python, err
	}
	for _, test := range []struct {
		index map[string]any
		want  Python
		err   string
	}{
		{nil, Python{"3.11", "lib/python3.11/site-packages"}, ""},
		{map[string]any{"version": "3.13.0rc1"}, Python{"3.13", "lib/python3.13/site-packages"}, ""},
		{map[string]any{"python_site_packages_path": "lib/python3.11t/site-packages"}, Python{"3.11", "lib/python3.11t/site-packages"}, ""},
		{map[string]any{"version": "3"}, Python{}, "pkg: the package is python 3, expected python"},
		{map[string]any{"name": "perl"}, Python{}, "pkg: the package is perl 3.11.9, expected python"},
		{map[string]any{"python_site_packages_path": "../x"}, Python{}, `pkg: info/index.json: site-packages path "../x": ".." is not allowed in an image path`},
		{map[string]any{"python_site_packages_path": "/x"}, Python{}, `pkg: info/index.json: site-packages path "/x": expected a clean path relative to the prefix`},
	} {
		got, err := python(test.index)
		if got != test.want || err == nil != (test.err == "") || err != nil && err.Error() != test.err {
			t.Errorf("%v: %v, %v", test.index, got, err)
		}
	}
	for _, p := range []Python{{}, {"3", "a"}, {"3.1.2", "a"}, {"3.1", ""}, {"3.1", "a/"}} {
		if p.Check() == nil {
			t.Errorf("%v is accepted", p)
		}
	}
}

func TestCheckPrefix(t *testing.T) {
	for prefix, ok := range map[string]bool{
		"/opt/conda": true, "/a": true, "/home/a.b/x_y-1+@": true, "/" + strings.Repeat("p", 199): true,
		"/" + strings.Repeat("p", 200): false, "": false, "/": false, "opt": false, "/opt/": false, "/opt//x": false, "/opt/../x": false,
		"/opt/my conda": false, "/opt/ü": false, "/opt/$x": false, "/opt/a\nb": false,
	} {
		if err := CheckPrefix(prefix); (err == nil) != ok {
			t.Errorf("%q: %v", prefix, err)
		}
	}
}

func TestParseURL(t *testing.T) {
	for url, want := range map[string]origin{
		"https://conda.anaconda.org/conda-forge/linux-64/a-1-0.conda": {"https://conda.anaconda.org/conda-forge/linux-64/a-1-0.conda",
			"https://conda.anaconda.org/conda-forge", "linux-64", "a-1-0.conda", "a-1-0", "conda"},
		"https://u:p@h/t/tk-1/c/noarch/a-1!2-0.tar.bz2?x=1#md5": {"https://h/c/noarch/a-1%212-0.tar.bz2", "https://h/c", "noarch", "a-1!2-0.tar.bz2", "a-1!2-0", "tar.bz2"},
		"file:///d/linux-aarch64/a%2Bb-1-0.conda":               {"file:///d/linux-aarch64/a%2Bb-1-0.conda", "file:///d", "linux-aarch64", "a+b-1-0.conda", "a+b-1-0", "conda"},
	} {
		got, err := parseURL(url)
		got.url, want.url = strings.ReplaceAll(got.url, "%21", "!"), strings.ReplaceAll(want.url, "%21", "!")
		if err != nil || got != want {
			t.Errorf("%s: %+v, %v", url, got, err)
		}
	}
	for url, want := range map[string]string{
		"":                             "the URL of a package must be absolute, CHANNEL/SUBDIR/NAME-VERSION-BUILD.conda",
		"linux-64/a.conda":             "the URL of a package must be absolute, CHANNEL/SUBDIR/NAME-VERSION-BUILD.conda",
		"https://h/linux-64/a.zip":     "URL https://h/linux-64/a.zip: the file must be NAME-VERSION-BUILD.conda or .tar.bz2",
		"https://h/linux-64/.conda":    "URL https://h/linux-64/.conda: the file must be NAME-VERSION-BUILD.conda or .tar.bz2",
		"https://h/win-64/a-1-0.conda": `URL https://h/win-64/a-1-0.conda: platform "win-64": only packages for Linux, and noarch ones, can be in an image`,
		"https://h/a-1-0.conda":        `URL https://h/a-1-0.conda: platform "h": only packages for Linux, and noarch ones, can be in an image`,
	} {
		if _, err := parseURL(url); err == nil || err.Error() != want {
			t.Errorf("%s: error %v, want %s", url, err, want)
		}
	}
}
