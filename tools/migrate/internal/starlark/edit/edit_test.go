package edit

import (
	"testing"

	"github.com/bazelbuild/buildtools/build"
)

func TestApply(t *testing.T) {
	for _, test := range []struct {
		edits List
		want  string // empty for an error
	}{
		{nil, "abcdef"},
		{List{{4, 5, "E"}, {0, 1, "A"}}, "AbcdEf"},
		{List{{2, 2, "1"}, {2, 2, "2"}, {2, 3, "C"}}, "ab12Cdef"},
		{List{{1, 3, "x"}, {1, 3, "x"}}, "axdef"}, // of a variable that two calls share
		{List{{1, 3, ""}, {2, 5, ""}}, "af"},
		{List{{1, 3, "x"}, {2, 5, "y"}}, ""},
		{List{{3, 1, "x"}}, ""},
		{List{{1, 7, "x"}}, ""},
	} {
		got, err := Apply(Text("abcdef"), test.edits)
		if string(got) != test.want || (err != nil) != (test.want == "") {
			t.Errorf("%v: %q, %v, not %q", test.edits, got, err, test.want)
		}
	}
}

// parse returns the statements of a BUILD file.
func parse(t *testing.T, text string) []build.Expr {
	t.Helper()
	f, err := build.ParseBuild("BUILD", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return f.Stmt
}

func TestRemove(t *testing.T) {
	for _, test := range []struct {
		text    string
		indices []int
		want    string
	}{
		{"f(a = 1, b = 2, c = 3)\n", []int{0}, "f(b = 2, c = 3)\n"},
		{"f(a = 1, b = 2, c = 3)\n", []int{1, 2}, "f(a = 1)\n"},
		{"f(a = 1)\n", []int{0}, "f()\n"},
		{"f(\n    a = 1,\n    b = 2,\n)\n", []int{1}, "f(\n    a = 1,\n)\n"},
		{"f(\n    a = 1,  # why\n    b = 2,\n)\n", []int{0}, "f(\n    # why\n    b = 2,\n)\n"},
	} {
		var edits List
		edits.RemoveArguments(Text(test.text), parse(t, test.text)[0].(*build.CallExpr), test.indices...)
		if got, err := Apply(Text(test.text), edits); string(got) != test.want || err != nil {
			t.Errorf("%q without %d: %q, %v", test.text, test.indices, got, err)
		}
	}
	const text = "a()\n\nb()\n\nc()\n"
	var edits List
	edits.RemoveLines(Text(text), parse(t, text)[1])
	if got, err := Apply(Text(text), edits); string(got) != "a()\n\nc()\n" || err != nil {
		t.Errorf("without a statement: %q, %v", got, err)
	}
}

func TestTake(t *testing.T) {
	const text = "f(a, b)\n"
	call := parse(t, text)[0].(*build.CallExpr)
	var edits List
	edits.Replace(call.List[0], "x")
	edits.Replace(call.List[1], "y")
	taken, rest := edits.Take(Text(text), call.List[0])
	if new, ok := rest.Of(call.List[1]); taken != "x" || len(rest) != 1 || new != "y" || !ok {
		t.Errorf("%q, the rest %v", taken, rest)
	}
	if rest = rest.Without(call.List[1]); len(rest) != 0 {
		t.Errorf("the rest %v", rest)
	}
}
