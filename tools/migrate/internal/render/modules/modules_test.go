package modules

import (
	"os"
	"regexp"
	"testing"
)

// TestVersion compares the version that is added to MODULE.bazel with that of this repository.
func TestVersion(t *testing.T) {
	text, err := os.ReadFile("../../../../../MODULE.bazel")
	if err != nil {
		t.Fatal(err)
	}
	found := regexp.MustCompile(`version = "([^"]*)"`).FindSubmatch(text)
	if found == nil || string(found[1]) != version {
		t.Errorf("MODULE.bazel has version %q, this program writes %q", found, version)
	}
}
