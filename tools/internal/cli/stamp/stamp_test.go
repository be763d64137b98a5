package stamp

import (
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/rules-strata/rules_strata/tools/internal/contract"
)

func TestRead(t *testing.T) {
	dir := t.TempDir()
	stable, volatile := filepath.Join(dir, "stable"), filepath.Join(dir, "volatile")
	for path, text := range map[string]string{
		stable:   "BUILD_USER me and you\nSTABLE_COMMIT 1\nSTABLE_EMPTY \nSTABLE_BARE\n\n",
		volatile: "STABLE_COMMIT 2\r\nBUILD_TIMESTAMP 1700000000",
	} {
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := Read([]string{stable, volatile})
	want := Values{
		"BUILD_USER": "me and you", "STABLE_COMMIT": "2", "STABLE_EMPTY": "", "STABLE_BARE": "",
		"BUILD_TIMESTAMP": "1700000000",
	}
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("Read = %q, %v, want %q", got, err, want)
	}
	if _, err := Read([]string{stable, filepath.Join(dir, "none")}); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a missing file: error %v", err)
	}
	if got, err := Read(nil); got != nil || err != nil {
		t.Errorf("no files: %q, %v, want nil", got, err)
	}
}

func TestExpand(t *testing.T) {
	values := Values{"A": "1", "LONG_NAME": "x.y", "B": "{{A}}", "EMPTY": "", "STABLE_A": "s", "BUILD_EMBED_LABEL": ""}
	image, unstamped, name := Scope{Values: values}, Scope{}, Scope{Values: values, Volatile: true, SingleBraces: true}
	tests := []struct {
		scope           Scope
		text, want, err string
	}{
		{name, "", "", ""},
		{name, "plain", "plain", ""},
		{name, "{{A}}", "1", ""},
		{name, "v{{.A}}-{{ LONG_NAME }}-{A}", "v1-x.y-1", ""},
		{name, "{{B}}", "{{A}}", ""}, // A value is not expanded again.
		{name, "{{A|dev}}{{C|dev}}{{EMPTY|dev}}{{ C | a b }}{{C|}}", "1devdeva b", ""},
		{name, "{{EMPTY}}", "", ""},
		{name, "{{C|a|b}}", "a|b", ""},
		{name, "{{{{A}}", "{{A}}", ""},
		{name, "{{{{{{A}}}}", "{{1}}", ""},
		{name, "{{{A}}}", "{1}", ""},
		{name, "{{{{{A}", "{{1", ""},
		{name, "{ {a b} {{{{ }} } {", "{ {a b} {{ }} } {", ""},
		{name, "{{A", "", `"{{A": "{{" without "}}"`},
		{name, "{{a b}}", "", `"{{a b}}": {{a b}} is not a variable`},
		{name, "{{}}", "", `"{{}}": {{}} is not a variable`},
		{name, "{{A|{b}}}", "", `"{{A|{b}}}": {{A|{b}} is not a variable`},
		{name, "v{{C}}{D}", "", `"v{{C}}{D}": the workspace status does not define C; ` +
			`it defines A, B, BUILD_EMBED_LABEL, EMPTY, LONG_NAME, STABLE_A`},
		{Scope{Values: Values{}, Volatile: true, SingleBraces: true}, "{X}", "", `"{X}": the workspace status does not define X; it defines none`},

		{image, "{STABLE_A} {{STABLE_A}}", "{STABLE_A} s", ""},
		{image, "{{BUILD_EMBED_LABEL|0.0.0}}", "0.0.0", ""},
		{image, "{{BUILD_EMBED_LABEL}}", "", ""},
		{image, "{{A}}", "", `"{{A}}": A is not a stable variable, so it cannot become part of an output`},
		{image, "{{A|dev}}", "", `"{{A|dev}}": A is not a stable variable, so it cannot become part of an output`},
		{image, "{{STABLE_C}}", "", `"{{STABLE_C}}": the workspace status does not define STABLE_C; it defines A, `},
		{Scope{Own: Values{"ARCH": "arm"}, Values: Values{"ARCH": "x"}}, "{{ARCH}}{{ARCH|y}}", "armarm", ""},
		{unstamped, "{{STABLE_A|dev}}", "dev", ""},
		{unstamped, "{{STABLE_A|}}", "", ""},
		{unstamped, "{{STABLE_A}}", "", `"{{STABLE_A}}": STABLE_A has no value, because the build is not stamped`},
		{unstamped, "{{{{STABLE_A}}", "{{STABLE_A}}", ""},
	}
	for _, test := range tests {
		got, err := test.scope.Expand(test.text, nil)
		if (test.err == "") != (err == nil) || err != nil && !strings.HasPrefix(err.Error(), test.err) || got != test.want {
			t.Errorf("Expand(%q) = %q, %v, want %q, %s", test.text, got, err, test.want, test.err)
		}
	}
}

// Values are quoted, defaults and the text around them are not.
func TestExpandQuotes(t *testing.T) {
	scope := Scope{Values: Values{"STABLE_A": "$5"}}
	dollars := func(value string) string { return strings.ReplaceAll(value, "$", "$$") }
	if got, err := scope.Expand("${X} {{STABLE_A}} {{STABLE_B|$$}}", dollars); got != "${X} $$5 $$" || err != nil {
		t.Errorf("Expand = %q, %v", got, err)
	}
}

func TestNames(t *testing.T) {
	got, err := Scope{SingleBraces: true}.Names("{{A}}x{B} {{{{C}} {{ .D | d }}{{A}}")
	if want := []string{"A", "B", "D", "A"}; err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("Names = %q, %v, want %q", got, err, want)
	}
	if _, err := (Scope{}).Names("{{A"); err == nil {
		t.Error("no error for a variable without an end")
	}
}

// The rules pass the status for every text that has a variable.
func TestNamesOfRules(t *testing.T) {
	type text struct {
		Text  string
		Found bool
	}
	for _, want := range contract.Cases[text](t, "status_variables") {
		names, err := Scope{}.Names(want.Text)
		if err != nil || len(names) > 0 && !want.Found {
			t.Errorf("%q: %q, %v", want.Text, names, err)
		}
	}
}

func TestExpandAll(t *testing.T) {
	scope := Scope{Values: Values{"STABLE_A": "1"}}
	given := map[string]string{"a": "{{STABLE_A}}", "b": "x"}
	got, err := scope.ExpandAll(given)
	if want := map[string]string{"a": "1", "b": "x"}; err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("ExpandAll = %q, %v", got, err)
	}
	if given["a"] != "{{STABLE_A}}" {
		t.Error("ExpandAll changed its argument")
	}
	if got, err := scope.ExpandAll(nil); got != nil || err != nil {
		t.Errorf("ExpandAll(nil) = %q, %v", got, err)
	}
	_, err = scope.ExpandAll(map[string]string{"a": "x", "b": "{{B}}"})
	if err == nil || !strings.HasPrefix(err.Error(), `b: "{{B}}": B is not a stable variable`) {
		t.Errorf("error %v", err)
	}
}

// Whatever the text, expanding it neither panics nor leaves a variable, and a text without braces stays as it is.
func FuzzExpand(f *testing.F) {
	for _, seed := range []string{"{{STABLE_A}}", "{{{{", "{{{", "{{STABLE_A|x}}", "{STABLE_A}", "{{ .A }}", "}}{{"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		for _, scope := range []Scope{{}, {Values: Values{"STABLE_A": "1"}, Volatile: true, SingleBraces: true}} {
			got, err := scope.Expand(text, nil)
			if err == nil && !strings.Contains(text, "{") && got != text {
				t.Errorf("Expand(%q) = %q", text, got)
			}
			escaped := strings.ReplaceAll(text, "{", "")
			if again, err := scope.Expand("{{{{"+escaped, nil); err != nil || again != "{{"+escaped {
				t.Errorf("Expand of the escape: %q, %v", again, err)
			}
		}
	})
}
