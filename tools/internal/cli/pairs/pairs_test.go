package pairs

import (
	"encoding/json"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func write(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestRead(t *testing.T) {
	for _, test := range []struct {
		name, text string
		want       map[string]string
	}{
		{"empty", "", map[string]string{}},
		{"lines", "A=1\nB=2\n", map[string]string{"A": "1", "B": "2"}},
		{"no final line feed", "A=1", map[string]string{"A": "1"}},
		{"comments and blank lines", "# A=0\n\n \t\r\n#\nA=1\n", map[string]string{"A": "1"}},
		{"CRLF", "A=1\r\nB=2\r", map[string]string{"A": "1", "B": "2"}},
		{"verbatim", "A= '${B}' \"x\"=\\n # no comment \nB=\n", map[string]string{"A": " '${B}' \"x\"=\\n # no comment ", "B": ""}},
		{"any key", "org.example/a b=1\né={}\n", map[string]string{"org.example/a b": "1", "é": "{}"}},
		{"an indented comment is a key", " #=1", nil},
		{"object", "\n {\"A\": \"1\\n2\", \"B=\": \"\"}\n", map[string]string{"A": "1\n2", "B=": ""}},
		{"empty object", "{}", map[string]string{}},
	} {
		got, err := Read(write(t, test.text))
		if (err != nil) != (test.want == nil) || !maps.Equal(got, test.want) {
			t.Errorf("%s: got %q, %v, want %q", test.name, got, err, test.want)
		}
	}
}

func TestRefused(t *testing.T) {
	for _, test := range []struct{ text, want string }{
		{"A=1\nB", `:2: no "=", expected KEY=VALUE, a comment that begins with "#", or a JSON object`},
		{"\n=1", ":2: empty key"},
		{" A=1", `:1: white space around the key " A"`},
		{"A =1", `:1: white space around the key "A "`},
		{"A=1\n\nB=2\nA=1", `:4: "A" is already in line 1`},
		{"A=1\nB=\xff", ":2: not UTF-8 text"},
		{"A=1\nB=\x00", ":2: the text contains a NUL byte"},
		{"\ufeffA=1", ":1: the file begins with a byte order mark; save it as UTF-8 without one"},
		{`["A"]`, `:1: no "=", expected KEY=VALUE, a comment that begins with "#", or a JSON object`},
		{"{\n\"A\": 1}", `:2: the value of "A" is not a string`},
		{"{\"A\":\nnull}", `:2: the value of "A" is not a string`},
		{`{"A": {"B": "1"}}`, `:1: the value of "A" is not a string`},
		{"{\"A\": \"1\",\n\"A\": \"1\"}", `:2: "A" occurs twice`},
		{`{"": "1"}`, ":1: empty key"},
		{`{"A ": "1"}`, `:1: white space around the key "A "`},
		{"{\"A\": \"1\"\n", ":2: the JSON object has no end"},
		{"{", ":1: the JSON object has no end"},
		{"{\n\"A\": \"1\",\n}", ":3: invalid character '}'"},
		{"{\"A\": \"1\"}\n{}", ":1: text after the JSON object"},
		{"{\"A\": \"\\u0000\"}", ":1: the text contains a NUL byte"},
		{"{\"A\": \"\xff\"}", ":1: not UTF-8 text"},
		{"A=" + strings.Repeat("x", maxSize), ": larger than 1048576 bytes"},
	} {
		path := write(t, test.text)
		pairs, err := Read(path)
		if err == nil || !strings.HasPrefix(err.Error(), path+test.want) || pairs != nil {
			t.Errorf("%.20q: got %q, %v, want the error %s", test.text, pairs, err, test.want)
		}
	}
	if _, err := Read(filepath.Join(t.TempDir(), "absent")); !os.IsNotExist(err) {
		t.Errorf("absent: %v", err)
	}
}

// A file adds only the keys that are not stated elsewhere.
func TestAdd(t *testing.T) {
	path := write(t, "A=file\nB=file\n")
	for _, test := range []struct{ own, want map[string]string }{
		{nil, map[string]string{"A": "file", "B": "file"}},
		{map[string]string{"A": "", "C": "own"}, map[string]string{"A": "", "B": "file", "C": "own"}},
	} {
		if got, err := Add(test.own, path); err != nil || !maps.Equal(got, test.want) {
			t.Errorf("%q: got %q, %v, want %q", test.own, got, err, test.want)
		}
	}
	own := map[string]string{"A": "own"}
	if got, err := Add(own, ""); err != nil || !maps.Equal(got, own) {
		t.Errorf("no file: got %q, %v", got, err)
	}
	if _, err := Add(own, path+"2"); !os.IsNotExist(err) {
		t.Errorf("absent: %v", err)
	}
}

// FuzzParse checks that the pairs of any accepted text, as a JSON object, are accepted as the same pairs, and those without
// line ends also as lines.
func FuzzParse(f *testing.F) {
	f.Add([]byte("A=1\r\n# x\n\nB==\n"))
	f.Add([]byte("{\"A\": \"1\\n\", \"B\\u00e9\": \"\"}"))
	f.Add([]byte("{\"A\": \"1\",}"))
	f.Add([]byte("{\"A\": [{}]}x"))
	f.Fuzz(func(t *testing.T, data []byte) {
		pairs, line, err := parse(data)
		if err != nil {
			if line < 1 || line > 1+strings.Count(string(data), "\n") {
				t.Errorf("line %d: %v", line, err)
			}
			return
		}
		object, err := json.Marshal(pairs)
		if err != nil {
			t.Fatal(err)
		}
		if again, _, err := parse(object); err != nil || !maps.Equal(again, pairs) {
			t.Errorf("%s: got %q, %v", object, again, err)
		}
		var lines strings.Builder
		for key, value := range pairs {
			if strings.ContainsAny(key, "=\n\r") || strings.ContainsAny(value, "\n\r") || strings.HasPrefix(key, "#") {
				return
			}
			lines.WriteString(key + "=" + value + "\n")
		}
		if strings.HasPrefix(lines.String(), "{") || strings.HasPrefix(lines.String(), "\ufeff") {
			return
		}
		if again, _, err := parse([]byte(lines.String())); err != nil || !maps.Equal(again, pairs) {
			t.Errorf("%q: got %q, %v", lines.String(), again, err)
		}
	})
}
