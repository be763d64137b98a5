package stamp

import (
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"testing"
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
}

func TestExpand(t *testing.T) {
	values := Values{"A": "1", "LONG_NAME": "x.y", "B": "{{A}}"}
	tests := []struct{ text, want, err string }{
		{"", "", ""},
		{"plain", "plain", ""},
		{"{{A}}", "1", ""},
		{"v{{.A}}-{{ LONG_NAME }}-{A}", "v1-x.y-1", ""},
		{"{{B}}", "{{A}}", ""}, // A value is not expanded again.
		{"{{A", "{{A", ""},
		{"{{a b}}", "{{a b}}", ""},
		{"v{{C}}{D}", "", `"v{{C}}{D}": the workspace status does not define C; it defines A, B, LONG_NAME`},
	}
	for _, test := range tests {
		got, err := values.Expand(test.text)
		if test.err == "" && err != nil || test.err != "" && (err == nil || err.Error() != test.err) || got != test.want {
			t.Errorf("Expand(%q) = %q, %v, want %q, %s", test.text, got, err, test.want, test.err)
		}
	}
	_, err := Values{}.Expand("{X}")
	if err == nil || err.Error() != `"{X}": the workspace status does not define X; it defines none` {
		t.Errorf("error %v", err)
	}
}
