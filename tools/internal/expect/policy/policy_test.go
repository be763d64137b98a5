package policy

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"
)

func TestTargets(t *testing.T) {
	for _, c := range []struct {
		pattern, label string
		want           bool
	}{
		{"//a:b", "//a:b", true},
		{"//a:b", "//a:bc", false},
		{"//a/...", "//a:b", true},
		{"//a/...", "//a/b:c", true},
		{"//a/...", "//ab:c", false},
		{"//...", "//a:b", true},
		{"//...", "@@r//a:b", false},
		{"@@r//...", "@@r//a:b", true},
		{"@@r//a/...", "@@r//a:b", true},
		{"@@r//a/...", "@@s//a:b", false},
	} {
		if got := (exceptions{labels: []string{c.pattern}}).target(c.label); got != c.want {
			t.Errorf("%s, %s: %t", c.pattern, c.label, got)
		}
	}
}

// TestConfig checks the rules about the config, which need no files.
func TestConfig(t *testing.T) {
	const forbid = `{"name":"//:p","forbid":["root_user","no_healthcheck","secret_env"],"labels":{"a":"^1$"}}`
	for config, want := range map[string][]string{
		`{"User":"1","Healthcheck":{"Test":["CMD","x"]},"Labels":{"a":"1"}}`:                            nil,
		`{"User":"app:root","Healthcheck":{"Test":["CMD-SHELL","x"]},"Labels":{"a":"1"},"Env":["KEY"]}`: nil,
		`{"User":"root","Healthcheck":{"Test":["NONE"]},"Labels":{"a":"2"}}`: {
			"root_user: the user is root", "no_healthcheck: the image has no health check",
			`labels: the label a is "2", which "^1$" does not match`,
		},
		`{"User":":5","Env":["GITHUB_TOKEN=x","api_key=y","SECRET=","KEYBOARD=z"]}`: {
			"root_user: the user is not set, so the program runs as root", "no_healthcheck: the image has no health check",
			"secret_env: the variable GITHUB_TOKEN has a value", "secret_env: the variable api_key has a value",
			"labels: the label a is not set",
		},
		`{"User":"00","Healthcheck":{"Test":["CMD"]},"Labels":{"a":"1"}}`: {"root_user: the user is 00"},
	} {
		p, err := Parse([]byte(forbid))
		if err != nil || p.NeedFiles() {
			t.Fatal(p, err)
		}
		c, err := ParseConfig([]byte(`{"config":` + config + `}`))
		if err != nil {
			t.Fatal(err)
		}
		violations, err := p.Check(&Image{Target: "//:i", Config: c})
		var got []string
		for _, v := range violations {
			got = append(got, v.Rule+": "+v.Text)
		}
		if err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%s: got\n%s\n%v, want\n%s", config, strings.Join(got, "\n"), err, strings.Join(want, "\n"))
		}
	}
}

// Many violations of one rule are counted, and paths cannot forge lines.
func TestReport(t *testing.T) {
	c := &checker{image: &Image{Layers: make([]Layer, 1)}}
	for range maxAlike + 3 {
		c.path("/a\nb", 0, "")
	}
	if len(c.violations) != maxAlike || c.more != 3 || !strings.HasPrefix(c.violations[0].Text, `"/a\nb" (layer 1 of 1, `) {
		t.Errorf("%d violations, %d more: %q", len(c.violations), c.more, c.violations[0].Text)
	}
}

// FuzzParse checks that no policy breaks the parser.
func FuzzParse(f *testing.F) {
	for _, text := range []string{
		`{"name":"a","forbid":["setuid"],"allow":{"setuid":["/a","//b/..."]}}`, `{"absent":["**"],"bases":["a/**"],"labels":{"a":"("}}`,
	} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		p, err := Parse([]byte(text))
		if err == nil && len(p.checks) > 0 && !json.Valid([]byte(text)) {
			t.Error("parsed what is not JSON")
		}
	})
}
