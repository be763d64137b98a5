package check

import (
	"maps"
	"slices"
	"strings"
	"unicode"
)

// The keys that readers look up in the objects of a document: those of image-spec and those of Docker's structs. The
// keys of maps, such as labels and annotations, are not among them, because all readers take those verbatim.
var (
	manifestKeys = keysOf("schemaVersion mediaType artifactType config layers subject annotations")
	indexKeys    = keysOf("schemaVersion mediaType artifactType manifests subject annotations")

	descriptorKeys = keysOf("mediaType digest size urls annotations data platform artifactType")
	platformKeys   = keysOf("architecture os os.version os.features variant features")

	configKeys = keysOf("created author architecture os os.version os.features variant config rootfs history " +
		"id parent parent_id layer_id comment container container_config docker_version throwaway Size")
	executionKeys = keysOf("User ExposedPorts Env Entrypoint Cmd Volumes WorkingDir Labels StopSignal ArgsEscaped " +
		"Memory MemorySwap CpuShares Healthcheck OnBuild Shell StopTimeout NetworkDisabled Hostname Domainname Image " +
		"AttachStderr AttachStdin AttachStdout MacAddress OpenStdin StdinOnce Tty")
	healthcheckKeys = keysOf("Test Interval Timeout StartPeriod StartInterval Retries")
	rootfsKeys      = keysOf("type diff_ids")
	historyKeys     = keysOf("created author created_by comment empty_layer")

	markerKeys      = keysOf("imageLayoutVersion")
	dockerImageKeys = keysOf("Config RepoTags Layers Parent LayerSources")
)

// kindKeys are the keys by which a reader that ignores the media type detects the kind of a document: OCI's two kinds, and
// Docker's schema 1.
var kindKeys = []string{"config", "layers", "manifests", "fsLayers", "history", "signatures"}

// keysOf returns the keys, indexed by their folded forms.
func keysOf(list string) map[string]string {
	keys := make(map[string]string)
	for _, key := range strings.Fields(list) {
		keys[fold(key)] = key
	}
	return keys
}

// keys reports keys that some readers mistake for others: encoding/json, and with it every engine written in Go,
// matches a struct's keys regardless of case.
func (o object) keys(known map[string]string) {
	met := make(map[string]string)
	for _, key := range slices.Sorted(maps.Keys(o.fields)) {
		folded := fold(key)
		want, ok := known[folded]
		if !ok {
			want, ok = met[folded]
		}
		if ok && key != want {
			o.add("", ruleJSONKeyCase, "some readers treat the key %q as %q", key, want)
		}
		met[folded] = key
	}
}

// unambiguous reports keys of a manifest or an index that make it look like a document of another kind.
func (o object) unambiguous(own map[string]string) {
	for _, key := range slices.Sorted(maps.Keys(o.fields)) {
		folded := fold(key)
		if _, ok := own[folded]; ok {
			continue
		}
		for _, foreign := range kindKeys {
			if folded == fold(foreign) {
				o.add(key, ruleDocumentAmbiguous, "a document of this kind has no such field, some readers would treat it as another kind")
			}
		}
	}
}

// fold returns the same text for all texts that differ only in case, as encoding/json defines it: the long s is an s,
// and the Kelvin sign is a k.
func fold(text string) string {
	return strings.Map(func(r rune) rune {
		least := r
		for next := unicode.SimpleFold(r); next != r; next = unicode.SimpleFold(next) {
			least = min(least, next)
		}
		return least
	}, text)
}
