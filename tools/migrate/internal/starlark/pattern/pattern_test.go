package pattern

import (
	"strings"
	"testing"
)

func TestOverlap(t *testing.T) {
	for _, test := range []struct {
		a, b string
		want bool
	}{
		{"", "", true},
		{"a", "a", true},
		{"a", "b", false},
		{"*", "", true},
		{"a*", "*b", true},
		{"a*c", "abc", true},
		{"a*c", "abd", false},
		{"x_*", "y_*", false},
		{"*_a", "b_*_c", false},
		{strings.Repeat("*a", 200), strings.Repeat("*b", 200), false},
	} {
		if Overlap(test.a, test.b) != test.want || Overlap(test.b, test.a) != test.want {
			t.Errorf("Overlap(%q, %q) is not %v", test.a, test.b, test.want)
		}
	}
}
