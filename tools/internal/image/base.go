package image

import (
	"bytes"
	"encoding/json"
	"fmt"

	"github.com/rules-strata/rules_strata/tools/internal/oci"
	"github.com/rules-strata/rules_strata/tools/internal/oci/digest"
)

// The keys of Docker's configs that a base's children do not inherit, because they describe how the base itself was made:
// the container that it was committed from, the message of that commit, its parents, its size.
var (
	madeOf = []string{
		"comment", "container", "container_config", "docker_version", "id",
		"layer_id", "parent", "parent_id", "Size", "throwaway",
	}
	madeOfRun = []string{
		"AttachStderr", "AttachStdin", "AttachStdout", "Domainname", "Hostname",
		"Image", "MacAddress", "OpenStdin", "StdinOnce", "Tty",
	}
)

// parseConfig reads a base's config; nil stands for an image from scratch.
func parseConfig(data []byte) (*config, error) {
	c := &config{diffIDs: []digest.Digest{}, runExtra: object{}, extra: object{}}
	if data == nil {
		return c, nil
	}
	base, err := parseBase(data, kindConfig)
	if err != nil {
		return nil, err
	}
	for _, key := range madeOf {
		delete(base, key)
	}
	var created, run json.RawMessage
	var rootfs oci.RootFS
	if err := takeAll(base, []field{
		{"created", &created},
		{"author", &c.author},
		{"architecture", &c.platform.Architecture},
		{"os", &c.platform.OS},
		{"os.version", &c.platform.OSVersion},
		{"os.features", &c.platform.OSFeatures},
		{"variant", &c.platform.Variant},
		{"config", &run},
		{"rootfs", &rootfs},
		{"history", &c.history},
	}); err != nil {
		return nil, err
	}
	c.extra = base
	if err := c.parseRun(run); err != nil {
		return nil, fmt.Errorf("config: %w", err)
	}
	if err := c.parseRootFS(rootfs); err != nil {
		return nil, fmt.Errorf("rootfs: %w", err)
	}
	return c, c.alignHistory()
}

// parseRun reads the part that describes how to run the image.
func (c *config) parseRun(data json.RawMessage) error {
	if data == nil || string(data) == "null" {
		return nil
	}
	run, err := parseObject(data)
	if err != nil {
		return err
	}
	for _, key := range madeOfRun {
		delete(run, key)
	}
	c.runExtra = run
	if err := checkExtra(run); err != nil {
		return err
	}
	return takeAll(run, []field{
		{"User", &c.run.User},
		{"ExposedPorts", &c.run.ExposedPorts},
		{"Env", &c.run.Env},
		{"Entrypoint", &c.run.Entrypoint},
		{"Cmd", &c.run.Cmd},
		{"Volumes", &c.run.Volumes},
		{"WorkingDir", &c.run.WorkingDir},
		{"Labels", &c.run.Labels},
		{"StopSignal", &c.run.StopSignal},
	})
}

// checkExtra rejects values that are kept unchanged, but that no engine can read.
func checkExtra(run object) error {
	for _, f := range []field{
		{argsEscapedKey, new(bool)},
		{healthcheckKey, new(struct {
			Test                                                   []string
			Interval, Timeout, StartPeriod, StartInterval, Retries int64
		})},
		{onBuildKey, new([]string)},
		{shellKey, new([]string)},
	} {
		if err := run.decode(f.key, f.into); err != nil {
			return err
		}
		if err := run.checkCase(f.key); err != nil {
			return err
		}
	}
	return nil
}

func (c *config) parseRootFS(rootfs oci.RootFS) error {
	if rootfs.Type != "layers" {
		return fmt.Errorf("type is %q, expected \"layers\"", rootfs.Type)
	}
	for _, id := range rootfs.DiffIDs {
		if err := c.addDiffID(id); err != nil {
			return err
		}
	}
	return nil
}

func (c *config) addDiffID(id digest.Digest) error {
	if _, err := digest.Parse(string(id)); err != nil {
		return fmt.Errorf("diff_id of layer %d: %w", len(c.diffIDs)+1, err)
	}
	c.diffIDs = append(c.diffIDs, id)
	return nil
}

// alignHistory makes the base's history contain one entry for each of its layers. Readers pair the entries that are not
// marked empty with the diff_ids: with one too few, every later layer gets a wrong entry; with one too many, Docker fails.
func (c *config) alignHistory() error {
	layers := 0
	for i, raw := range c.history {
		if _, err := parseObject(raw); err != nil {
			return fmt.Errorf("history: entry %d: %w", i+1, err)
		}
		var entry oci.History
		if err := decodeValue(raw, &entry); err != nil {
			return fmt.Errorf("history: entry %d: %w", i+1, err)
		}
		if !entry.EmptyLayer {
			layers++
		}
	}
	if layers > len(c.diffIDs) {
		c.history, layers = nil, 0 // it is unknown which of the entries are correct
	}
	for ; layers < len(c.diffIDs); layers++ {
		entry := oci.History{Created: &epoch, Comment: "layer of the base, history unknown"}
		if err := c.addHistory(entry); err != nil {
			return err
		}
	}
	return nil
}

func (c *config) addHistory(entry oci.History) error {
	raw, err := oci.Marshal(entry)
	if err != nil {
		return err
	}
	c.history = append(c.history, raw)
	return nil
}

// kinds maps the media types of documents to their names in messages.
var kinds = map[string]string{
	oci.MediaTypeManifest: kindManifest,
	oci.MediaTypeIndex:    kindIndex,
	oci.MediaTypeConfig:   kindConfig,
}

// Names of the documents in messages.
const (
	kindConfig   = "an image config"
	kindManifest = "an image manifest"
	kindIndex    = "an image index"
)

// kindOf returns the kind of a document, by its media type, or by the keys that only such a document has.
func kindOf(o object) string {
	var mediaType string
	if o.decode("mediaType", &mediaType) == nil {
		if kind, ok := kinds[oci.OCIMediaType(mediaType)]; ok && !o.has("digest") {
			return kind
		}
	}
	for _, mark := range []struct{ key, kind string }{
		{"rootfs", kindConfig},
		{"manifests", kindIndex},
		{"fsLayers", "a Docker manifest of the old schema 1"},
		{"layers", kindManifest},
		{"imageLayoutVersion", "the marker file of an image layout"},
		{"diff_id", "a layer's descriptor"},
		{"digest", "a descriptor"},
	} {
		if o.has(mark.key) {
			return mark.kind
		}
	}
	return "a JSON object of an unknown kind"
}

// parseBase reads a document that must be of the kind want.
func parseBase(data []byte, want string) (object, error) {
	if bytes.HasPrefix(data, []byte{0x1f, 0x8b}) {
		return nil, fmt.Errorf("this is gzip-compressed, expected %s", want)
	}
	o, err := parseObject(data)
	if err != nil {
		return nil, fmt.Errorf("expected %s: %w", want, err)
	}
	if kind := kindOf(o); kind != want {
		return nil, fmt.Errorf("this is %s, expected %s", kind, want)
	}
	return o, nil
}

// field is a key of an object and the variable for its value.
type field struct {
	key  string
	into any
}

func takeAll(o object, fields []field) error {
	for _, f := range fields {
		if err := o.take(f.key, f.into); err != nil {
			return err
		}
	}
	return nil
}
