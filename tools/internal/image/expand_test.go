package image

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
)

// envOf returns the variables of an image that has env as its setting on a base with the variables, and a layer.
func envOf(t *testing.T, base []string, layer Environment, env map[string]string) ([]string, error) {
	t.Helper()
	encode := func(v any) string {
		text, err := json.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		return string(text)
	}
	document, err := build(onBase(`{"Env":`+encode(base)+`}`), `{"env":`+encode(env)+`}`, Layer{DiffID: one, Environment: layer})
	if err != nil {
		return nil, err
	}
	var got struct{ Config struct{ Env []string } }
	if err := json.Unmarshal(document.Bytes, &got); err != nil {
		t.Fatal(err)
	}
	return got.Config.Env, nil
}

func TestExpand(t *testing.T) {
	base := []string{"PATH=/bin", "A=1", "EMPTY=", "B=first", "B=second", "BARE", "x(86)=w", "D=$A ${A}"}
	conda := Environment{Path: []string{"/c"}, Variables: map[string]string{"A": "layer"}}
	for _, test := range []struct {
		value, want string
		layer       Environment
	}{
		{value: "", want: ""},
		{value: "/app:${PATH}", want: "/app:/bin"},
		{value: "${PATH}${A}-${EMPTY}", want: "/bin1-"},
		{value: "${B}", want: "first"},
		{value: "${x(86)}", want: "w"},
		{value: "${D}", want: "$A ${A}"}, // not expanded again
		{value: "$${PATH} $$PATH $$(PATH) $$$$", want: "${PATH} $PATH $(PATH) $$"},
		{value: "$$${A}$${A}", want: "$1${A}"},
		{value: "$5 or 5$ $", want: "$5 or 5$ $"},
		{value: "a}${A}}{", want: "a}1}{"},
		{value: "/app:${PATH} ${A}", want: "/app:/c:/bin layer", layer: conda},
	} {
		got, err := envOf(t, base, test.layer, map[string]string{"V": test.value})
		if err != nil || !slices.Contains(got, "V="+test.want) {
			t.Errorf("%q: got %q, %v, want V=%s", test.value, got, err, test.want)
		}
	}
}

// References see the values below the settings, whatever the order of names.
func TestExpandOrder(t *testing.T) {
	got, err := envOf(t, []string{"B=base", "A=1"}, Environment{}, map[string]string{"A": "<${A}${B}>", "B": "<${A}${B}>", "C": "${A}${B}"})
	want := []string{"B=<1base>", "A=<1base>", "C=1base"}
	if err != nil || !slices.Equal(got, want) {
		t.Errorf("got %q, %v, want %q", got, err, want)
	}
}

func TestExpandRefused(t *testing.T) {
	for _, test := range []struct{ value, want, hint string }{
		{"/app:${PATH}", `neither the base nor a layer sets "PATH"`, "write out the value; without PATH, engines use /usr/local/sbin:"},
		{"${NEW}", `neither the base nor a layer sets "NEW"`, "write out the value"},
		{"${BARE}", `neither the base nor a layer sets "BARE"`, ""},
		{"${}", `neither the base nor a layer sets ""`, ""},
		{"${A:-x}", `neither the base nor a layer sets "A:-x"`, ""},
		{"${A", `"${A" has no closing brace`, `write "$$" for a literal dollar`},
		{"$A/x", `"$A" would not be expanded`, `write "${NAME}" for the value in the base, or "$$" for a literal dollar`},
		{"$_x-y", `"$_x" would not be expanded`, ""},
		{"$$$A", `"$A" would not be expanded`, ""},
		{"$(location :a) b", `"$(location :a)" would not be expanded`, ""},
		{"$$ $(", `"$(" would not be expanded`, ""},
	} {
		_, err := envOf(t, []string{"A=1", "BARE"}, Environment{}, map[string]string{"NEW": "1", "KEY": test.value})
		want := fmt.Sprintf("env: KEY = %q: %s", test.value, test.want)
		if err == nil || err.Error() != want {
			t.Errorf("%q: error %v, want %s", test.value, err, want)
			continue
		}
		var hinter interface{ Hint() string }
		if !errors.As(err, &hinter) || !strings.HasPrefix(hinter.Hint(), test.hint) {
			t.Errorf("%q: no hint %s", test.value, test.hint)
		}
	}
	// A cleared environment has no values to refer to.
	if _, err := build(onBase(`{"Env":["A=1"]}`), `{"clear":["env"],"env":{"B":"${A}"}}`); err == nil {
		t.Error("a cleared variable is expanded")
	}
}

// FuzzExpand checks that escaped text is literal, and that references in any surroundings are replaced once.
func FuzzExpand(f *testing.F) {
	f.Add("$$", "${A}")
	f.Add("a${A}$", "$5")
	f.Fuzz(func(t *testing.T, text, value string) {
		lookup := func(name string) (string, bool) { return value, name == "A" }
		got, err := expand(Literal(text)+"${A}"+Literal(text), lookup)
		if want := text + value + text; err != nil || got != want {
			t.Errorf("%q: got %q, %v, want %q", text, got, err, want)
		}
		if got, err := expand(text, lookup); err == nil && !strings.Contains(text, "$") && got != text {
			t.Errorf("%q: got %q", text, got)
		}
	})
}
