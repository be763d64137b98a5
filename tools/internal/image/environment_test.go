package image

import (
	"encoding/json"
	"reflect"
	"testing"
)

// The environment of layers comes above that of the base and below the settings.
func TestLayerEnvironment(t *testing.T) {
	conda := Environment{Path: []string{"/c/bin", "/c/sbin"}, Variables: map[string]string{"P": "/c", "L": "1"}}
	for _, test := range []struct {
		name, base, settings string
		layers               []Environment
		want                 []string
	}{
		{"nothing", `{"Env":["A=1"]}`, "{}", []Environment{{}}, []string{"A=1"}},
		{"without a PATH", `{"Env":["A=1"]}`, "{}", []Environment{conda},
			[]string{"A=1", "L=1", "P=/c", "PATH=/c/bin:/c/sbin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"}},
		{"in front of the base's PATH", `{"Env":["PATH=/bin","P=base"]}`, "{}", []Environment{conda}, []string{"PATH=/c/bin:/c/sbin:/bin", "P=/c", "L=1"}},
		{"an empty PATH", `{"Env":["PATH=","B=2"]}`, "{}", []Environment{{Path: []string{"/a"}}}, []string{"PATH=/a", "B=2"}},
		{"PATH is not a prefix", `{"Env":["PATHS=x","PATH=/bin"]}`, "{}", []Environment{{Path: []string{"/a"}}}, []string{"PATHS=x", "PATH=/a:/bin"}},
		{"two layers", `{"Env":["PATH=/bin"]}`, "{}", []Environment{conda, {Path: []string{"/d"}, Variables: map[string]string{"P": "/d"}}},
			[]string{"PATH=/d:/c/bin:/c/sbin:/bin", "L=1", "P=/d"}},
		{"settings win", `{"Env":["PATH=/bin"]}`, `{"env":{"P":"mine","PATH":"/only"}}`, []Environment{conda}, []string{"PATH=/only", "L=1", "P=mine"}},
		{"clear drops the base's", `{"Env":["PATH=/bin","A=1"]}`, `{"clear":["env"]}`, []Environment{{Path: []string{"/a"}}},
			[]string{"PATH=/a:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"}},
		{"unset drops the base's", `{"Env":["PATH=/bin","P=base"]}`, `{"unset_env":["P"]}`, []Environment{conda},
			[]string{"PATH=/c/bin:/c/sbin:/bin", "L=1", "P=/c"}},
	} {
		var layers []Layer
		for _, e := range test.layers {
			layers = append(layers, Layer{DiffID: one, Environment: e})
		}
		document, err := build(onBase(test.base), test.settings, layers...)
		var got struct{ Config struct{ Env []string } }
		if err == nil {
			err = json.Unmarshal(document.Bytes, &got)
		}
		if err != nil || !reflect.DeepEqual(got.Config.Env, test.want) {
			t.Errorf("%s: got %q, %v, want %q", test.name, got.Config.Env, err, test.want)
		}
	}
}

func TestLayerEnvironmentRefused(t *testing.T) {
	for want, e := range map[string]Environment{
		`environment of layer 2: "a" is not an absolute path`:                                                   {Path: []string{"a"}},
		`environment of layer 2: directory "/a:/b": a colon separates the directories in PATH`:                  {Path: []string{"/a:/b"}},
		`environment of layer 2: invalid variable name "A=": it must not be empty or contain "=" or a NUL byte`: {Variables: map[string]string{"A=": ""}},
		`environment of layer 2: value of A contains a NUL byte`:                                                {Variables: map[string]string{"A": "\x00"}},
	} {
		if _, err := build(onBase("{}"), "{}", Layer{DiffID: one}, Layer{DiffID: two, Environment: e}); err == nil || err.Error() != want {
			t.Errorf("error %v, want %s", err, want)
		}
	}
}
