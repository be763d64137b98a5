package place

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rules-strata/rules_strata/tools/internal/image/imagetest"
	"github.com/rules-strata/rules_strata/tools/internal/store/layout"
)

const someDigest = "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

// describe returns an address with its form.
func describe(a Address) string {
	return []string{"registry ", "layout ", "archive "}[a.Form] + a.String()
}

// onDisk makes the files that the tests refer to, and changes to their directory.
func onDisk(t *testing.T) {
	t.Chdir(t.TempDir())
	for _, path := range []string{"a.tar", "packed", "odd:name", "sub/x.tar", "notes.txt"} {
		imagetest.WriteFile(t, path, nil)
	}
	for _, dir := range []string{"lay", "localhost", "a:b"} {
		imagetest.WriteFile(t, filepath.Join(dir, layout.MarkerFile), nil)
	}
	for _, dir := range []string{"alpine", "Empty"} {
		if err := os.Mkdir(dir, 0o755); err != nil {
			t.Fatal(err)
		}
	}
}

func TestParseSource(t *testing.T) {
	onDisk(t)
	for text, want := range map[string]string{
		"a.tar":                       "archive a.tar",
		"./a.tar":                     "archive ./a.tar",
		"packed":                      "archive packed",
		"odd:name":                    "archive odd:name",
		"odd:name:v1":                 "archive odd:name:v1",
		"lay":                         "layout lay",
		"lay/":                        "layout lay/",
		"a:b":                         "layout a:b",
		"a:b:v1":                      "layout a:b:v1",
		"lay:v1":                      "layout lay:v1",
		"lay:example.com/x:v1":        "layout lay:example.com/x:v1",
		"lay@" + someDigest:           "layout lay@" + someDigest,
		"a.tar@" + someDigest:         "archive a.tar@" + someDigest,
		"sub/x.tar:x":                 "archive sub/x.tar:x",
		"-":                           "archive -",
		"ubuntu":                      "registry docker.io/library/ubuntu:latest",
		"alpine:3":                    "registry docker.io/library/alpine:3",
		"example.com/x@" + someDigest: "registry example.com/x@" + someDigest,
		"docker://a.tar":              "registry docker.io/library/a.tar:latest",
		"oci:none:v1":                 "layout none:v1",
		"oci:lay@" + someDigest:       "layout lay@" + someDigest,
		"oci-archive:x":               "archive x",
		"docker-archive:-:a/b:c":      "archive -:a/b:c",
		"localhost:5000/x":            "layout localhost:5000/x", // the directory is a layout: docker:// is needed
	} {
		got, err := ParseSource(text)
		if err != nil || describe(got) != want {
			t.Errorf("%s: %s, %v; want %s", text, describe(got), err, want)
		}
	}
	for text, want := range map[string]string{
		"":               "is empty",
		"alpine":         "not an OCI image layout",
		"./none":         "no such file",
		"none.tar":       "no such file",
		"/":              "not an OCI image layout",
		"lay:":           "the name is empty",
		"lay@x":          "digest",
		"oci:":           "the path is empty",
		"A/B":            "lower-case",
		"docker://":      "repository",
		"docker://a@b":   "digest",
		"none@sha256:00": "digest",
	} {
		if got, err := ParseSource(text); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %s, %v; want error %s", text, describe(got), err, want)
		}
	}
}

func TestParseTarget(t *testing.T) {
	onDisk(t)
	for text, want := range map[string]string{
		"new.tar":                "archive new.tar",
		"new.tar:x":              "archive new.tar:x",
		"dir/new.tar":            "archive dir/new.tar",
		"packed":                 "archive packed",
		"-":                      "archive -",
		"./new":                  "layout ./new",
		"../new:v1":              "layout ../new:v1",
		"/new":                   "layout /new",
		"new/":                   "layout new/",
		"lay":                    "layout lay",
		"lay:v1":                 "layout lay:v1",
		"alpine":                 "layout alpine", // an existing directory; it may be empty
		"example.com/x":          "registry example.com/x:latest",
		"localhost/x:v1":         "registry localhost/x:v1",
		"10.0.0.1:5000/x":        "registry 10.0.0.1:5000/x:latest",
		"docker.io/me/x:v1":      "registry docker.io/me/x:v1",
		"docker://me/x":          "registry docker.io/me/x:latest",
		"oci:new":                "layout new",
		"docker-archive:new:x":   "archive new:x",
		"oci-archive:x.tar:y:v1": "archive x.tar:y:v1",
	} {
		got, err := ParseTarget(text)
		if err != nil || describe(got) != want {
			t.Errorf("%s: %s, %v; want %s", text, describe(got), err, want)
		}
	}
	for text, want := range map[string]string{
		"":                        "neither a path nor a reference",
		"new":                     "neither a path nor a reference",
		"me/app:v1":               "neither a path nor a reference",
		"new.tar.gz":              "compressed archives",
		"x.tgz:name":              "compressed archives",
		"new.tar@" + someDigest:   "digest of a target",
		"oci:new@" + someDigest:   "digest of a target",
		"lay:":                    "the name is empty",
		"example.com/UPPER":       "lower-case",
		"docker-archive:":         "the path is empty",
		"./a@" + someDigest:       "digest of a target",
		"notes.txt@" + someDigest: "digest of a target",
	} {
		if got, err := ParseTarget(text); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %s, %v; want error %s", text, describe(got), err, want)
		}
	}
}

// Parsing never panics, and what it returns is complete and parsed again to the same.
func FuzzParse(f *testing.F) {
	for _, text := range []string{"a.tar:b", "oci:x@" + someDigest, "docker://x/y:z", "./a:b:c", "-", "localhost:1/x@" + someDigest} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		for _, parse := range []func(string) (Address, error){ParseSource, ParseTarget} {
			a, err := parse(text)
			if err != nil {
				continue
			}
			switch {
			case a.Form == Registry && (a.Reference.Repository == "" || a.Path != ""):
				t.Errorf("%q: %+v", text, a)
			case a.Form == Registry:
				if again, err := explicitOnly("docker://" + a.String()); err != nil || again != a {
					t.Errorf("%q: %+v, again %+v, %v", text, a, again, err)
				}
			case a.Path == "" || a.Name != "" && a.Digest != "":
				t.Errorf("%q: %+v", text, a)
			}
		}
	})
}

func explicitOnly(text string) (Address, error) {
	a, _, err := explicit(text)
	return a, err
}
