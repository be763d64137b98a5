package rules

import (
	"os"
	"regexp"
	"testing"
)

// TestDocumented checks that what calls become are rules of ours.
func TestDocumented(t *testing.T) {
	text, err := os.ReadFile("../../../../docs/rules.md")
	if err != nil {
		t.Fatal(err)
	}
	known := map[string]bool{}
	for _, heading := range regexp.MustCompile(`(?m)^####? (\S+)$`).FindAllSubmatch(text, -1) {
		known[string(heading[1])] = true
	}
	for _, rules := range rulesets {
		for name, r := range rules {
			if r.To != "" && !known[r.To] {
				t.Errorf("%s becomes %s, which docs/rules.md lacks", name, r.To)
			}
		}
	}
}
