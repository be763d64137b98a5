package main

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
)

// toolsLock is the content of tools.lock.json, which rules/private/repo/prebuilt.bzl reads. The file of the repository names
// no tools, so that they are built from source there.
type toolsLock struct {
	// URLs are templates with {kind} and {platform}, tried in turn.
	URLs []string `json:"urls"`
	// Each kind maps platforms, like linux_amd64, to the SHA-256 of the archive with its tools.
	Build   map[string]string `json:"build"`
	Run     map[string]string `json:"run"`
	Migrate map[string]string `json:"migrate"`
}

// lockTools returns the text of tools.lock.json for archives that are published below the URL base.
func lockTools(base string, archives []toolArchive) ([]byte, error) {
	lock := toolsLock{URLs: []string{base + "/" + toolArchiveName}, Build: map[string]string{}, Run: map[string]string{}, Migrate: map[string]string{}}
	sums := map[kind]map[string]string{buildTools: lock.Build, runTools: lock.Run, migrateTools: lock.Migrate}
	for _, a := range archives {
		sums[a.kind][a.platform.String()] = hexSum(a.content)
	}
	return marshal(lock)
}

func hexSum(content []byte) string {
	sum := sha256.Sum256(content)
	return hex.EncodeToString(sum[:])
}

// marshal returns JSON as people read it, with a line break at the end and without escapes in URLs.
func marshal(value any) ([]byte, error) {
	var out bytes.Buffer
	encoder := json.NewEncoder(&out)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "    ")
	err := encoder.Encode(value)
	return out.Bytes(), err
}
