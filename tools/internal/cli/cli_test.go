package cli

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
)

// greet is a small tool: it greets --name, or fails in the way that --fail names.
var greet = Command{
	Name:     "greet",
	Summary:  "greet somebody",
	Details:  "\nThe greeting is friendly.\n",
	Required: []string{"name"},
	New: func(flags *flag.FlagSet) Work {
		name := flags.String("name", "", "`who` is greeted")
		times := flags.Int("times", 2, "how often\nat most")
		flags.Bool("loud", false, "shout")
		Each(flags, "even", "an even `number`", func(value string) error {
			if value != "2" {
				return fmt.Errorf("%s is odd", value)
			}
			return nil
		})
		fail := flags.String("fail", "", "way to fail")
		return func(_ context.Context, std Streams) error {
			switch *fail {
			case "plainly":
				return errors.New("no voice")
			case "strangely":
				several := errors.Join(errors.New("1"), errors.New("2"))
				return Hint(fmt.Errorf("entry %s:\n%w", "a\x1b[31mb\nhint: run this", several), "look at %s", "\u202ec\nd")
			case "hint":
				return fmt.Errorf("outer: %w", Hint(Hint(errors.New("no voice"), "drink %s", "tea"), "rest"))
			case "exit":
				return fmt.Errorf("outer: %w", Exit(127))
			case "well":
				return Exit(0)
			case "usage":
				return Usage("odd: %w", os.ErrInvalid)
			}
			fmt.Fprintln(std.Out, strings.Repeat("hello "+*name+" ", *times))
			return nil
		}
	},
}

func TestRun(t *testing.T) {
	dir := t.TempDir()
	params := filepath.Join(dir, "params")
	for name, text := range map[string]string{
		"params": "--name=a b\n--times=1\n", "open": "--name=x", "empty": "", "blank": "--name=x\n\n", "nested": "@params\n",
		"quoted": "'--name=a\n\nb '\n--times=1\n", "unclosed": "--times=1\n'--name=a\n", "behind": "'--name=a' \n",
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	const lists = "hint: greet --help lists the flags\n"
	const help = `greet: greet somebody

Flags (an argument @FILE stands for the lines of FILE):
  --even NUMBER
      an even number (repeatable)
  --fail STRING
      way to fail
  --loud
      shout
  --name WHO
      who is greeted (required)
  --times INT
      how often
      at most (default 2)

The greeting is friendly.
`
	tests := []struct {
		args     string
		code     int
		out, err string
	}{
		{"--name=x", ExitOK, "hello x hello x \n", ""},
		{"-name x -times=1", ExitOK, "hello x \n", ""},
		{"--help", ExitOK, help, ""},
		{"-h", ExitOK, help, ""},
		{"@DIR/params", ExitOK, "hello a b \n", ""},
		{"@DIR/params --times=3", ExitOK, "hello a b hello a b hello a b \n", ""},
		{"@DIR/open", ExitOK, "hello x hello x \n", ""},
		{"@DIR/empty --name=x", ExitOK, "hello x hello x \n", ""},
		{"@DIR/blank", ExitUsage, "", "greet: unexpected argument \"\"\n" + lists},
		{"@DIR/nested", ExitUsage, "", "greet: unexpected argument \"@params\"\n" + lists},
		{"--flagfile=DIR/params", ExitOK, "hello a b \n", ""},
		{"@DIR/quoted", ExitOK, "hello a\n\nb  \n", ""},
		{"@DIR/unclosed", ExitUsage, "", "greet: parameter file: DIR/unclosed: argument 2: no closing quote\n"},
		{"@DIR/behind", ExitUsage, "",
			"greet: parameter file: DIR/behind: argument 1: \" \" after the closing quote, expected the end of the line\n"},
		{"@DIR/none", ExitUsage, "", "greet: parameter file: open DIR/none: no such file or directory\n"},
		{"", ExitUsage, "", "greet: --name is missing\n" + lists},
		{"--nam=x", ExitUsage, "", "greet: unknown flag --nam\n" + lists},
		{"--times=x", ExitUsage, "", "greet: --times: invalid value \"x\"\n" + lists},
		{"--loud=x --name=x", ExitUsage, "", "greet: --loud: invalid value \"x\"\n" + lists},
		{"--times=99999999999999999999", ExitUsage, "", "greet: --times: \"99999999999999999999\" is out of range\n" + lists},
		{"--even=3", ExitUsage, "", "greet: --even \"3\": 3 is odd\n" + lists},
		{"--name", ExitUsage, "", "greet: --name needs a value\n" + lists},
		{"stray", ExitUsage, "", "greet: unexpected argument \"stray\"\n" + lists},
		{"--name=x --fail=plainly", ExitFailure, "", "greet: no voice\n"},
		{"--name=x --fail=strangely", ExitFailure, "",
			"greet: entry a\\x1b[31mb\n  hint: run this:\n  1\n  2\nhint: look at \\u202ec\n  d\n"},
		{"--name=x --fail=hint", ExitFailure, "", "greet: outer: no voice\nhint: rest\nhint: drink tea\n"},
		{"--name=x --fail=exit", 127, "", ""},
		{"--name=x --fail=well", ExitOK, "", ""},
		{"--name=x --fail=usage", ExitUsage, "", "greet: odd: invalid argument\n"},
	}
	for _, test := range tests {
		var out, stderr bytes.Buffer
		args := strings.Fields(strings.ReplaceAll(test.args, "DIR", dir))
		code := greet.Run(context.Background(), args, Streams{Out: &out, Err: &stderr})
		wantErr := strings.ReplaceAll(test.err, "DIR", dir)
		if code != test.code || out.String() != test.out || stderr.String() != wantErr {
			t.Errorf("greet %s: exit code %d, want %d\nout %q\nwant %q\nerr %q\nwant %q",
				test.args, code, test.code, out.String(), test.out, stderr.String(), wantErr)
		}
	}
	if got, err := expand([]string{"@" + params}); err != nil ||
		!reflect.DeepEqual(got, []string{"--name=a b", "--times=1"}) {
		t.Errorf("expand: %q, %v", got, err)
	}
}

func TestErrors(t *testing.T) {
	if err := Hint(nil, "x"); err != nil {
		t.Errorf("a hint for a nil error is %v", err)
	}
	for _, err := range []error{Hint(os.ErrInvalid, "x"), Usage("%w", os.ErrInvalid)} {
		if !errors.Is(err, os.ErrInvalid) {
			t.Errorf("%T hides what it wraps", err)
		}
	}
}

// refused is an error of a package that does not know this one.
type refused struct{ hint string }

func (refused) Error() string  { return "refused" }
func (r refused) Hint() string { return r.hint }

// Hints of all errors are found, those of joined ones too, and none is repeated.
func TestHints(t *testing.T) {
	several := errors.Join(refused{"log in"}, os.ErrInvalid, fmt.Errorf("again: %w", refused{"log in"}), refused{"wait"}, refused{})
	got := hints(Hint(fmt.Errorf("outer: %w", several), "read the manual"))
	if want := []string{"read the manual", "log in", "wait"}; !reflect.DeepEqual(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
}

// Arguments in Bazel's quotes are read back unchanged, whatever they contain.
func FuzzArguments(f *testing.F) {
	for _, seed := range []string{"", "a", "a\nb", "'", "'\n'", `\`, "a\r", " ", "'' \\''"} {
		f.Add(seed, "'a\n"+seed)
	}
	f.Fuzz(func(t *testing.T, first, second string) {
		var file string
		for _, arg := range []string{first, second} {
			file += "'" + strings.ReplaceAll(arg, "'", `'\''`) + "'\n"
		}
		if got, err := Arguments(file); err != nil || !slices.Equal(got, []string{first, second}) {
			t.Errorf("%q: got %q, %v", file, got, err)
		}
		if got, err := Arguments(first); err == nil && len(strings.Join(got, "")) > len(first) {
			t.Errorf("%q: got %q", first, got)
		}
	})
}

func TestSplitPair(t *testing.T) {
	tests := []struct{ pair, key, value, err string }{
		{"a=b", "a", "b", ""},
		{"a=b=c", "a", "b=c", ""},
		{"=", "", "", ""},
		{`a\=b=c\=d`, "a=b", `c\=d`, ""},
		{`a\\=b`, `a\`, "b", ""},
		{"a\nb=c\nd", "a\nb", "c\nd", ""},
		{"a", "", "", `"a": no "=", expected KEY=VALUE`},
		{`a\=`, "", "", `"a\\=": no "=", expected KEY=VALUE`},
		{`a\`, "", "", `"a\\": no "=", expected KEY=VALUE`},
		{`a\x=b`, "", "", `"a\\x=b": unknown escape \x, expected \= or \\`},
	}
	for _, test := range tests {
		key, value, err := SplitPair(test.pair)
		text := ""
		if err != nil {
			text = err.Error()
		}
		if key != test.key || value != test.value || text != test.err {
			t.Errorf("SplitPair(%q) = %q, %q, %q", test.pair, key, value, text)
		}
	}
}

func TestPairs(t *testing.T) {
	got, err := Pairs("label", []string{"a=1", `b\=c=2`})
	if want := map[string]string{"a": "1", "b=c": "2"}; err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("%q, %v", got, err)
	}
	if got, err := Pairs("label", nil); got != nil || err != nil {
		t.Errorf("no pairs: %q, %v", got, err)
	}
	for values, want := range map[[2]string]string{
		{"a=1", "a=2"}: `--label: "a" is given twice`,
		{"a=1", "b"}:   `--label: "b": no "=", expected KEY=VALUE`,
	} {
		var usage *usageError
		if _, err := Pairs("label", values[:]); err == nil || err.Error() != want || !errors.As(err, &usage) {
			t.Errorf("%q: error %v, want %s", values, err, want)
		}
	}
}

func TestFlags(t *testing.T) {
	set := flag.NewFlagSet("tool", flag.ContinueOnError)
	var all Strings
	set.Var(&all, "all", "")
	var each []string
	Each(set, "each", "", func(value string) error {
		each = append(each, value)
		return nil
	})
	if err := set.Parse([]string{"--all=1", "--each=x", "--all=2", "--each=y"}); err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(all, Strings{"1", "2"}) || !reflect.DeepEqual(each, []string{"x", "y"}) {
		t.Errorf("%q, %q", all, each)
	}
}

func TestLine(t *testing.T) {
	var b strings.Builder
	if err := Line(&b, "%s:\n%s\n\n", "a\x1b", "hint: b"); err != nil || b.String() != "a\\x1b:\n  hint: b\n" {
		t.Errorf("%q, %v", b.String(), err)
	}
}
