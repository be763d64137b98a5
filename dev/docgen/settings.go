package main

import (
	"fmt"
	"regexp"
	"strings"
)

// setting is a flag of the build: `--@rules_strata//rules:NAME`.
type setting struct {
	name, kind, value, doc string
}

// Bazel has no doc strings for build settings, and starlark_doc_extract does not see them. So the comment above one is its
// doc string. Buildifier has put the file into the one form that this matches.
var (
	settingStart = regexp.MustCompile(`(?m)^\w+_flag\($`)
	settingText  = regexp.MustCompile(`(?m)((?:^#.*\n)+)^(\w+)_flag\(\n    name = "(\w+)",\n    build_setting_default = (.*),$`)
)

// findSettings returns the build settings that the text of a BUILD file declares.
func findSettings(text string) ([]setting, error) {
	var all []setting
	for _, match := range settingText.FindAllStringSubmatch(text, -1) {
		lines := strings.Split(strings.TrimSpace(match[1]), "\n")
		for i := range lines {
			lines[i] = strings.TrimSpace(strings.TrimPrefix(lines[i], "#"))
		}
		all = append(all, setting{name: match[3], kind: match[2], value: match[4], doc: strings.Join(lines, "\n")})
	}
	if declared := len(settingStart.FindAllString(text, -1)); declared != len(all) {
		return nil, fmt.Errorf("%d of %d flags have no comment above them, or do not begin with a name and a default",
			declared-len(all), declared)
	}
	return all, nil
}
