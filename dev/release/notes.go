package main

import (
	"fmt"
	"strings"
)

// releaseNotes returns the section of a changelog for a version, without its heading. A rehearsal has none yet, and gets
// the section "Unreleased".
func releaseNotes(changelog, version string) (string, error) {
	for _, heading := range []string{version, "Unreleased"} {
		if _, rest, ok := strings.Cut(changelog, "\n## "+heading+"\n"); ok {
			section, _, _ := strings.Cut(rest, "\n## ")
			return strings.TrimSpace(section) + "\n", nil
		}
	}
	return "", fmt.Errorf("CHANGELOG.md: no section \"## %s\"", version)
}
