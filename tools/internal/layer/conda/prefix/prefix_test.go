package prefix

import (
	"bytes"
	"errors"
	"io"
	"strings"
	"testing"
	"testing/iotest"
	"unicode/utf16"
)

// old is a placeholder as packages have it: as long as a path may be in old programs.
var old = ("/home/conda/feedstock_root/build_artifacts/synth_1/_h_env_placehold" + strings.Repeat("_placehold", 30))[:255]

func replace(t testing.TB, r Replacement, from io.Reader) (string, error) {
	t.Helper()
	var b bytes.Buffer
	err := r.Copy(&b, from)
	return b.String(), err
}

// wide encodes a text in UTF-16, the low byte first.
func wide(text string) string {
	var b strings.Builder
	for _, c := range utf16.Encode([]rune(text)) {
		b.Write([]byte{byte(c), byte(c >> 8)})
	}
	return b.String()
}

func TestCopy(t *testing.T) {
	const to = "/opt/conda"
	gap := func(n int) string { return strings.Repeat("\x00", n*(len(old)-len(to))) }
	long := "/" + strings.Repeat("p", 130)
	for _, test := range []struct {
		name       string
		mode       Mode
		to         string
		from, want string
	}{
		{"nothing", Binary, to, "", ""},
		{"no placeholder", Binary, to, "a\x00" + old[:254] + "\x00", "a\x00" + old[:254] + "\x00"},
		{"a string", Binary, to, "\x7fELF\x00" + old + "/lib\x00tail\x00", "\x7fELF\x00" + to + "/lib" + gap(1) + "\x00tail\x00"},
		{"inside a string", Binary, to, "A\x00pre=" + old + "/y\x00z", "A\x00pre=" + to + "/y" + gap(1) + "\x00z"},
		{"twice in a string", Binary, to, old + "/lib:" + old + "/share\x00tail", to + "/lib:" + to + "/share" + gap(2) + "\x00tail"},
		{"two strings", Binary, to, old + "\x00" + old + "\x00", to + gap(1) + "\x00" + to + gap(1) + "\x00"},
		{"no terminator", Binary, to, "x\x00" + old + "/x", "x\x00" + to + "/x" + gap(1)},
		{"a line feed is not a terminator", Binary, to, old + "\n\x00", to + "\n" + gap(1) + "\x00"},
		{"UTF-16", Binary, to, "\x00" + wide(old+"/x\x00") + "z", "\x00" + wide(to+"/x"+gap(1)+"\x00") + "z"},
		{"a text", Text, to, "a=" + old + "/b:" + old + "\n", "a=" + to + "/b:" + to + "\n"},
		{"a text that grows", Text, long, "a=" + old[:40] + "\n", "a=" + old[:40] + "\n"},
		{"UTF-16 in a text", Text, to, wide("a" + old + "b"), wide("a" + to + "b")},
		{"a script", Text, to, "#!" + old + "/bin/perl -w\n# " + old + "\n", "#!" + to + "/bin/perl -w\n# " + to + "\n"},
		{"one line", Text, to, "#!" + old + "/bin/python", "#!" + to + "/bin/python"},
		{"the shortest script", Text, to, "#!", "#!"},
		{"one byte", Text, to, "#", "#"},
		{"long, Python", Text, long, "#!" + old + "/bin/python3.11 -E\nx",
			"#!/bin/sh\n'''exec' \"" + long + "/bin/python3.11\" -E \"$0\" \"$@\" #'''\nx"},
		{"long, something like Python", Text, long, "#!" + old + "/bin/python3.11t\nx", "#!/usr/bin/env python3.11t\nx"},
		{"long, Perl", Text, long, "#! " + old + "/bin/perl -w\nx", "#!/usr/bin/env perl -w\nx"},
		{"long, env", Text, long, "#!/usr/bin/env " + old + "/bin/foo\nx", "#!/usr/bin/env env " + long + "/bin/foo\nx"},
		{"long, no script", Text, long, "##" + old + "/bin/perl -w\nx", "##" + long + "/bin/perl -w\nx"},
		{"long, a relative interpreter", Text, to, "#!x" + strings.Repeat("y", 200) + "\n", "#!x" + strings.Repeat("y", 200) + "\n"},
		{"longer than any kernel reads", Text, to, "#!" + old + strings.Repeat("y", maxLine) + "\n",
			"#!" + to + strings.Repeat("y", maxLine) + "\n"},
		{"127 bytes", Text, to, "#!/" + strings.Repeat("y", 124) + "\n", "#!/" + strings.Repeat("y", 124) + "\n"},
		{"128 bytes", Text, to, "#!/" + strings.Repeat("y", 125) + "\n", "#!/usr/bin/env " + strings.Repeat("y", 125) + "\n"},
	} {
		r := Replacement{Old: old, New: test.to, Mode: test.mode}
		for how, from := range map[string]io.Reader{
			"whole": strings.NewReader(test.from), "by bytes": iotest.OneByteReader(strings.NewReader(test.from)),
		} {
			if got, err := replace(t, r, from); got != test.want || err != nil {
				t.Errorf("%s, %s: %v, got\n%q\nwant\n%q", test.name, how, err, got, test.want)
			}
		}
	}
}

// A string of any length is replaced without being held.
func TestCopyLongString(t *testing.T) {
	middle := strings.Repeat("x", 5<<20)
	from := "a" + old + middle + old + "\x00z"
	got, err := replace(t, Replacement{old, "/p", Binary}, strings.NewReader(from))
	want := "a/p" + middle + "/p" + strings.Repeat("\x00", 2*253) + "\x00z"
	if got != want || err != nil {
		t.Errorf("%d bytes, %v, want %d", len(got), err, len(want))
	}
	r := &replacer{to: io.Discard, old: []byte(old), new: []byte("/p"), end: []byte{0}}
	for _, part := range []string{"a" + old, middle, middle} {
		if _, err := io.Copy(struct{ io.Writer }{r}, struct{ io.Reader }{strings.NewReader(part)}); err != nil {
			t.Fatal(err)
		}
	}
	if cap(r.held) > 256<<10 {
		t.Errorf("%d bytes are held", cap(r.held))
	}
}

func TestCopyRefuses(t *testing.T) {
	broken := errors.New("broken")
	for want, r := range map[string]Replacement{
		"the placeholder is empty":              {New: "/a", Mode: Text},
		`file mode "": expected text or binary`: {Old: "/b", New: "/a"},
		"the prefix is longer than the placeholder in a binary: 3 bytes, there is room for 2": {Old: "/b", New: "/ab", Mode: Binary},
	} {
		if _, err := replace(t, r, strings.NewReader("x/b\x00")); err == nil || err.Error() != want {
			t.Errorf("error %v, want %s", err, want)
		}
	}
	if _, err := replace(t, Replacement{"/b", "/ab", Binary}, strings.NewReader("x\x00")); err != nil {
		t.Errorf("a binary without the placeholder: %v", err)
	}
	r := Replacement{"/b", "/a", Text}
	if _, err := replace(t, r, iotest.ErrReader(broken)); !errors.Is(err, broken) {
		t.Errorf("error %v", err)
	}
	if err := r.Copy(failing{broken}, strings.NewReader("x/b")); !errors.Is(err, broken) {
		t.Errorf("error %v", err)
	}
}

type failing struct{ err error }

func (f failing) Write([]byte) (int, error) { return 0, f.err }

// reference replaces the placeholder in memory.
func reference(r Replacement, file []byte) []byte {
	for _, e := range r.encodings() {
		from, to := e.encode(r.Old), e.encode(r.New)
		if r.Mode == Text {
			file = bytes.ReplaceAll(file, from, to)
			continue
		}
		end := make([]byte, e.unit)
		var all []byte
		for {
			at := bytes.Index(file, from)
			if at < 0 {
				break
			}
			all = append(all, file[:at]...)
			file = file[at:]
			missing := 0
			for {
				if bytes.HasPrefix(file, from) {
					all = append(all, to...)
					file = file[len(from):]
					missing += len(from) - len(to)
					continue
				}
				if bytes.HasPrefix(file, end) {
					all = append(all, end...)
					file = file[len(end):]
					break
				}
				if len(file) == 0 {
					break
				}
				all = append(all, file[0])
				file = file[1:]
			}
			all = append(all, make([]byte, missing)...)
		}
		file = append(all, file...)
	}
	if r.Mode == Text && bytes.HasPrefix(file, []byte("#!")) {
		line, rest, found := bytes.Cut(file, []byte("\n"))
		file = Shorten(line)
		if found {
			file = append(append(file, '\n'), rest...)
		}
	}
	return file
}

// The stream does the same as a replacement in memory, however it is cut.
func FuzzCopy(f *testing.F) {
	f.Add([]byte("a/b\x00/b/b\x00\x00/\x00b\x00\x00\x00x"), "/b", "/", true, 1)
	f.Add([]byte("#!/bb/bin/python3 -E\n/bb"), "/bb", "/"+strings.Repeat("a", 140), false, 3)
	f.Add([]byte("\x00\x00\x00/\x00\x00\x00b\x00\x00\x00\x00/\x00\x00\x00b\x00\x00\x00\x00\x00\x00\x00"), "/b", "/", true, 2)
	f.Add([]byte("abababab\x00"), "abab", "b", true, 2)
	f.Fuzz(func(t *testing.T, file []byte, from, to string, binary bool, cut int) {
		r := Replacement{Old: from, New: to, Mode: Text}
		if binary {
			r.Mode = Binary
		}
		if from == "" || strings.ContainsRune(from, 0) || binary && len(to) > len(from) {
			return
		}
		got, err := replace(t, r, &cutting{file, max(cut, 1)})
		if want := reference(r, bytes.Clone(file)); err != nil || got != string(want) {
			t.Errorf("%v, got\n%q\nwant\n%q", err, got, want)
		}
		if binary && len(got) != len(file) {
			t.Errorf("%d bytes became %d", len(file), len(got))
		}
	})
}

// cutting reads at most n bytes at once.
type cutting struct {
	rest []byte
	n    int
}

func (c *cutting) Read(p []byte) (int, error) {
	if len(c.rest) == 0 {
		return 0, io.EOF
	}
	n := copy(p, c.rest[:min(c.n, len(c.rest))])
	c.rest = c.rest[n:]
	return n, nil
}

// BenchmarkCopy replaces a placeholder in a file like a library: mostly other bytes, with NULs and slashes among them.
func BenchmarkCopy(b *testing.B) {
	file := make([]byte, 8<<20)
	state := uint32(1)
	for i := range file {
		state = state*1664525 + 1013904223
		if file[i] = byte(state >> 24); file[i] > 200 {
			file[i] = 0
		} else if file[i] > 190 {
			file[i] = '/'
		}
	}
	copy(file[1<<20:], old+"/lib\x00")
	b.SetBytes(int64(len(file)))
	for b.Loop() {
		if err := (Replacement{old, "/opt/conda", Binary}).Copy(io.Discard, bytes.NewReader(file)); err != nil {
			b.Fatal(err)
		}
	}
}
