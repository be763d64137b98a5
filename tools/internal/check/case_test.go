package check

import (
	"bytes"
	"slices"
	"strings"
)

// testCase breaks the good layout in one way and names the rule that must report it.
type testCase struct {
	rule, name string
	fault      fault
	options    Options
	door       door
}

// door is the public function that a case calls.
type door int

const (
	throughLayout door = iota
	throughArchive
	throughUnreadable // Image, with a source that fails in the middle of the first layer
)

// cases are all violations that are tested.
var cases = slices.Concat(
	jsonCases, descriptorCases, imageCases, artifactCases, tarCases, entryCases, layoutCases,
)

// Shorthands for faults.

func config(change func(d doc)) fault   { return fault{config: change} }
func manifest(change func(d doc)) fault { return fault{manifest: change} }
func index(change func(d doc)) fault    { return fault{index: change} }

func run(key string, value any) fault {
	return config(func(d doc) { d["config"].(doc)[key] = value })
}

// layerOf changes the descriptor of the second layer, which the other image does not have.
func layerOf(key string, value any) fault {
	return manifest(func(d doc) { d["layers"].([]any)[1].(doc)[key] = value })
}

// child changes the descriptor of the first image.
func child(change func(d doc)) fault {
	return index(func(d doc) { change(d["manifests"].([]any)[0].(doc)) })
}

func appendTo(data string) func([]byte) []byte {
	return func(old []byte) []byte { return append(slices.Clip(old), data...) }
}

func replace(old, new string) func([]byte) []byte {
	return func(data []byte) []byte {
		if !bytes.Contains(data, []byte(old)) {
			panic("nothing to replace: " + old)
		}
		return bytes.Replace(data, []byte(old), []byte(new), 1)
	}
}

func layoutFiles(change func(files map[string][]byte)) fault { return fault{files: change} }

// dropLayer removes the blob of the first image's plain layer.
func dropLayer(files map[string][]byte) {
	for name, data := range files {
		if bytes.Contains(data, []byte("Hello world!")) {
			delete(files, name)
		}
	}
}

var zeroDigest = "sha256:" + strings.Repeat("0", 64)
