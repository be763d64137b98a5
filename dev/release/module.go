package main

import (
	"bytes"
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// moduleFile is what a release takes from MODULE.bazel. In the repository the rules and the sources of the tools are one
// module, and a comment that begins with divider separates their parts of the file. Users get two modules.
type moduleFile struct {
	version   string // of rules_strata
	goVersion string // that the tools are compiled with
	rules     []byte // MODULE.bazel of rules_strata, whose tools are prebuilt
	source    []byte // MODULE.bazel of rules_strata_source, which builds the tools from source
}

const divider = "\n# The module rules_strata_source begins here."

var (
	moduleVersion = regexp.MustCompile(`(?s)\Amodule\([^)]*\n    version = "([^"]+)",`)
	sdkVersion    = regexp.MustCompile(`\ngo_sdk\.download\(version = "([^"]+)"\)`)
)

// dependency is a line that both modules need: BUILD files below tools use what those of the rules use, too.
var dependency = regexp.MustCompile(`(?m)^bazel_dep\(.*\)\n`)

// sourceHeader begins the MODULE.bazel of rules_strata_source.
const sourceHeader = `module(
    name = "rules_strata_source",
    version = "{VERSION}",
    bazel_compatibility = [">=7.7.0"],
    compatibility_level = 1,
)

bazel_dep(name = "rules_strata", version = "{VERSION}")
`

func parseModule(text []byte) (moduleFile, error) {
	rules, source, ok := bytes.Cut(text, []byte(divider))
	if !ok || bytes.Contains(source, []byte(divider)) {
		return moduleFile{}, fmt.Errorf("MODULE.bazel: want one line that begins with %q", strings.TrimSpace(divider))
	}
	// The comment goes with its line and those that continue it.
	_, source, _ = bytes.Cut(source, []byte("\n\n"))
	version := moduleVersion.FindSubmatch(rules)
	if version == nil {
		return moduleFile{}, fmt.Errorf("MODULE.bazel: module() has no version")
	}
	sdk := sdkVersion.FindSubmatch(source)
	if sdk == nil {
		return moduleFile{}, fmt.Errorf("MODULE.bazel: go_sdk.download has no version")
	}
	header := strings.ReplaceAll(sourceHeader, "{VERSION}", string(version[1]))
	shared := bytes.Join(dependency.FindAll(rules, -1), nil)
	return moduleFile{
		version:   string(version[1]),
		goVersion: string(sdk[1]),
		rules:     rules,
		source:    slices.Concat([]byte(header), shared, source),
	}, nil
}
