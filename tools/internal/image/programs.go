package image

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// runs lists the other architectures whose programs an architecture's processors usually run. An architecture that is not
// listed runs only its own programs.
var runs = map[string][]string{
	"amd64":    {"386"},
	"arm64":    {"arm"},
	"mips64":   {"mips"},
	"mips64le": {"mipsle"},
}

// checkPrograms rejects a layer that has programs, but none for the architecture. If some are for it, the others are
// intentional: tests of a debugger, libraries for several platforms.
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
