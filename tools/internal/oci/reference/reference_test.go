package reference

import (
	"strings"
	"testing"
)

const sum = "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

func TestParse(t *testing.T) {
	tests := []struct {
		text string
		want Reference
	}{
		{"alpine", Reference{"docker.io", "library/alpine", "latest", ""}},
		{"alpine:3.20", Reference{"docker.io", "library/alpine", "3.20", ""}},
		{"alpine@" + sum, Reference{"docker.io", "library/alpine", "", sum}},
		{"alpine:3@" + sum, Reference{"docker.io", "library/alpine", "3", sum}},
		{"docker.io/alpine", Reference{"docker.io", "library/alpine", "latest", ""}},
		{"index.docker.io/alpine", Reference{"docker.io", "library/alpine", "latest", ""}},
		{"library/alpine", Reference{"docker.io", "library/alpine", "latest", ""}},
		{"docker.io/library/a/b", Reference{"docker.io", "library/a/b", "latest", ""}},
		{"docker.io/a.b/c", Reference{"docker.io", "a.b/c", "latest", ""}},
		{"grafana/grafana", Reference{"docker.io", "grafana/grafana", "latest", ""}},
		{"localhost/my-alpine", Reference{"localhost", "my-alpine", "latest", ""}},
		{"localhost:5000/a/b:v1", Reference{"localhost:5000", "a/b", "v1", ""}},
		{"host:5000/a", Reference{"host:5000", "a", "latest", ""}},
		{"quay.io/a__b/c-d--e.f", Reference{"quay.io", "a__b/c-d--e.f", "latest", ""}},
		{"[::1]:5000/a", Reference{"[::1]:5000", "a", "latest", ""}},
		{"HOST/a", Reference{"HOST", "a", "latest", ""}},
		{"localhost:5000", Reference{"docker.io", "library/localhost", "5000", ""}},
	}
	for _, test := range tests {
		got, err := Parse(test.text)
		if err != nil || got != test.want {
			t.Errorf("Parse(%q) = %+v, %v, want %+v", test.text, got, err, test.want)
		}
		if again, err := Parse(got.String()); err != nil || again != got {
			t.Errorf("Parse(%q) = %+v, %v, want %+v", got.String(), again, err, got)
		}
	}
}

func TestParseRefuses(t *testing.T) {
	tests := []struct{ text, want string }{
		{"", `image name "": the repository is empty`},
		{":v1", `image name ":v1": the repository is empty`},
		{"quay.io/", `image name "quay.io/": the repository is empty`},
		{"quay.io/library/", `image name "quay.io/library/": the repository is empty`},
		{"Alpine", `image name "Alpine": repository component "Alpine": only lower-case letters are allowed`},
		{"a/Bc", `image name "a/Bc": repository component "Bc": only lower-case letters are allowed`},
		{"a//b", `image name "a//b": repository component "": expected lower-case letters and digits, ` +
			`separated by ".", "_", "__" or "-"`},
		{"quay.io/../b", `image name "quay.io/../b": repository component "..": expected lower-case letters and digits, ` +
			`separated by ".", "_", "__" or "-"`},
		{"a:", `image name "a:": the tag is empty`},
		{"a:-x", `image name "a:-x": tag "-x": expected at most 128 letters, digits, "_", "." and "-", ` +
			`not starting with "." or "-"`},
		{"-host.org/a", `image name "-host.org/a": "-host.org" is not the name of a registry`},
		{"host:port/a", `image name "host:port/a": "host:port" is not the name of a registry`},
		{"a@sha256:12", `image name "a@sha256:12": digest "sha256:12": invalid checksum digest length`},
		{sum[7:], `image name "` + sum[7:] + `": 64 hexadecimal digits are an image's id, not a name`},
		{"https://quay.io/a", `image name "https://quay.io/a": "https:" is not the name of a registry`},
	}
	for _, test := range tests {
		got, err := Parse(test.text)
		if err == nil || err.Error() != test.want {
			t.Errorf("Parse(%q) = %+v, error %v\nwant error %s", test.text, got, err, test.want)
		}
	}
}

func TestParseLimits(t *testing.T) {
	name := "quay.io/" + strings.Repeat("a", maxName-len("quay.io/"))
	if _, err := Parse(name); err != nil {
		t.Errorf("a name of %d bytes: %v", len(name), err)
	}
	if _, err := Parse(name + "a"); err == nil ||
		!strings.HasSuffix(err.Error(), "256 bytes without the tag, the limit is 255") {
		t.Errorf("a name of %d bytes: error %v", len(name)+1, err)
	}
	tag := strings.Repeat("t", 128)
	if err := CheckTag(tag); err != nil {
		t.Errorf("a tag of 128 bytes: %v", err)
	}
	if err := CheckTag(tag + "t"); err == nil {
		t.Error("no error for a tag of 129 bytes")
	}
}

func TestParseRepository(t *testing.T) {
	got, err := ParseRepository("localhost:5000/a")
	if want := (Reference{Registry: "localhost:5000", Repository: "a"}); err != nil || got != want {
		t.Errorf("ParseRepository = %+v, %v, want %+v", got, err, want)
	}
	if got.String() != "localhost:5000/a" {
		t.Errorf("String() = %q", got)
	}
	want := `repository "a:v1": a repository has no tag or digest, expected "docker.io/library/a"`
	if _, err := ParseRepository("a:v1"); err == nil || err.Error() != want {
		t.Errorf("error %v, want %s", err, want)
	}
	if _, err := ParseRepository("A"); err == nil || !strings.HasPrefix(err.Error(), `repository "A": `) {
		t.Errorf("error %v", err)
	}
}

// FuzzParse checks that every accepted name has one normalised spelling, which Parse accepts, too.
func FuzzParse(f *testing.F) {
	seeds := []string{"alpine", "localhost:5000/a/b:v1@" + sum, "docker.io/library/x", "a:b:c", "[::1]/x", "Ä/b"}
	for _, seed := range seeds {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		r, err := Parse(text)
		if err != nil {
			return
		}
		if again, err := Parse(r.String()); err != nil || again != r {
			t.Errorf("Parse(%q) = %+v, but Parse(%q) = %+v, %v", text, r, r.String(), again, err)
		}
	})
}
