package image

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// runs lists what else processors of an architecture run, as a rule. An architecture that is not here runs its own
// programs only.
var runs = map[string][]string{
	"amd64":    {"386"},
	"arm64":    {"arm"},
	"mips64":   {"mips"},
	"mips64le": {"mipsle"},
}

// checkPrograms refuses a layer that has programs, none of them for the architecture. Where some are, the others are
// there for a reason: tests of a debugger, libraries for several platforms.
func checkPrograms(architecture string, layers []Layer) error {
	for i, layer := range layers {
		if len(layer.Programs) == 0 || fits(architecture, layer.Programs) {
			continue
		}
		var found []string
		for _, other := range slices.Sorted(maps.Keys(layer.Programs)) {
			found = append(found, fmt.Sprintf("%s is for %s", layer.Programs[other], other))
		}
		return fmt.Errorf("layer %d: %w, which is %s: %s", i+1, ErrOtherArchitecture, architecture,
			strings.Join(found, ", "))
	}
	return nil
}

func fits(architecture string, programs map[string]string) bool {
	for _, one := range append([]string{architecture}, runs[architecture]...) {
		if _, ok := programs[one]; ok {
			return true
		}
	}
	return false
}
