package arglist

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// write writes a file in a directory of its own.
func write(t testing.TB, text string) string {
	path := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestRead(t *testing.T) {
	tests := []struct {
		text  string
		want  []string
		wrong string // the error, after the path
	}{
		{"/app/server\n--port=80\n", []string{"/app/server", "--port=80"}, ""},
		{"a\r\n\r\n\n b \n#c\n\"d\"", []string{"a", " b ", "#c", `"d"`}, ""},
		{" [\"a\", \"\", \"b\\nc\"]\n", []string{"a", "", "b\nc"}, ""},
		{"", nil, "no arguments"},
		{"\n\n", nil, "no arguments"},
		{"[]", nil, "no arguments"},
		{"[1]", nil, "not a JSON list of strings: json: cannot unmarshal number"},
		{"[null]", nil, "not a JSON list of strings: null is not a string"},
		{`["a"`, nil, "not a JSON list of strings: unexpected end of JSON input"},
		{`["a"] b`, nil, "not a JSON list of strings: invalid character 'b'"},
		{"\ufeffa", nil, "the file begins with a byte order mark"},
		{"\xff", nil, "not UTF-8 text"},
		{"a\x00b", nil, "the text contains a NUL byte"},
		{strings.Repeat("a", maxSize+1), nil, "larger than 1048576 bytes"},
	}
	for _, test := range tests {
		path := write(t, test.text)
		got, err := Read(path)
		if test.wrong == "" && err != nil || test.wrong != "" && (err == nil || !strings.HasPrefix(err.Error(), path+": "+test.wrong)) ||
			!slices.Equal(got, test.want) {
			t.Errorf("%.20q: %q, %v, want %q, %s", test.text, got, err, test.want, test.wrong)
		}
	}
	if _, err := Read("none"); !os.IsNotExist(err) {
		t.Errorf("a missing file: %v", err)
	}
}

func TestReadLine(t *testing.T) {
	tests := []struct {
		text, want string
		ok         bool
	}{
		{"1700000000", "1700000000", true},
		{" a b \r\n\n", "a b", true},
		{"", "", false},
		{"a\nb", "", false},
	}
	for _, test := range tests {
		path := write(t, test.text)
		got, err := ReadLine(path)
		if got != test.want || (err == nil) != test.ok || err != nil && err.Error() != path+": expected one line" {
			t.Errorf("%q: %q, %v", test.text, got, err)
		}
	}
	if _, err := ReadLine("none"); !os.IsNotExist(err) {
		t.Errorf("a missing file: %v", err)
	}
}

// Lines are never empty and have no line ends, and a list and the JSON of its arguments are the same.
func FuzzParse(f *testing.F) {
	for _, seed := range []string{"a\nb", `["a", ""]`, "[null]", "\r\n", "[[", `["\u0000"]`} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		args, err := parse(data)
		if err != nil {
			return
		}
		isList := strings.HasPrefix(strings.TrimSpace(string(data)), "[")
		for _, arg := range args {
			if !isList && (arg == "" || strings.Contains(arg, "\n")) {
				t.Errorf("%q: argument %q", data, arg)
			}
		}
		list, err := json.Marshal(args)
		if err != nil {
			t.Fatal(err)
		}
		if again, err := parse(list); len(args) > 0 && isList && (err != nil || !slices.Equal(again, args)) {
			t.Errorf("%q: %q, %v, want %q", data, again, err, args)
		}
	})
}
