package expect

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/rules-strata/rules_strata/tools/internal/layer/tree"
)

// Assertions are expectations in the terms of the rule image_test. Fields that are unset expect nothing.
type Assertions struct {
	// Exists maps paths to facts: words in any order, each a kind ("file", "directory", "symlink"), a mode in octal
	// ("0755") or an owner ("0:0").
	Exists map[string]string `json:"exists"`
	// Absent are paths and globs, as in [tree.Pattern], that select nothing.
	Absent []string `json:"absent"`
	// Contents maps paths of files to regular expressions.
	Contents map[string]string `json:"contents"`
	// Config maps settings to regular expressions; see configValue.
	Config map[string]string `json:"config"`
	// MaxSize and MaxLayerSize are limits of the compressed size of all layers, and of each, like "20MB".
	MaxSize      string `json:"max_size"`
	MaxLayerSize string `json:"max_layer_size"`
	// MaxWasted is a limit of the bytes in files that no path of the merged file system shows.
	MaxWasted string `json:"max_wasted"`
	// MaxLayers is the number of layers, or 0 for any number.
	MaxLayers int `json:"max_layers"`
}

// Checks are parsed assertions.
type Checks struct {
	target string
	run    []func(r *asserted) error
	files  bool // whether the checks need the merged file system
}

// NeedFiles reports whether the checks need more than the documents of an image.
func (c *Checks) NeedFiles() bool { return c.files }

// asserted is one run of checks.
type asserted struct {
	ctx     context.Context
	image   *Image
	target  string
	reader  *reader
	results []*Result
}

// ParseAssertions parses assertions in JSON. The target is for messages.
func ParseAssertions(target string, data []byte) (*Checks, error) {
	var a Assertions
	in := json.NewDecoder(bytes.NewReader(data))
	in.DisallowUnknownFields()
	if err := in.Decode(&a); err != nil {
		return nil, err
	}
	if _, err := in.Token(); !errors.Is(err, io.EOF) {
		return nil, errors.New("expected one JSON object")
	}
	c := &Checks{target: target, files: len(a.Exists)+len(a.Absent)+len(a.Contents) > 0 || a.MaxWasted != ""}
	return c, errors.Join(c.exists(a.Exists), c.absent(a.Absent), c.contents(a.Contents), c.config(a.Config), c.sizes(a))
}

// Run runs the checks on an image.
func (c *Checks) Run(ctx context.Context, image *Image) ([]Result, error) {
	r := &asserted{ctx: ctx, image: image, target: c.target, reader: newReader(image)}
	for _, check := range c.run {
		if err := check(r); err != nil {
			return nil, err
		}
	}
	if err := r.reader.read(ctx); err != nil {
		return nil, err
	}
	results := make([]Result, len(r.results))
	for i, result := range r.results {
		results[i] = *result
	}
	return results, nil
}

// add adds a check, which adds problems to its result.
func (c *Checks) add(name string, check func(r *asserted, result *Result)) {
	c.run = append(c.run, func(r *asserted) error {
		result := &Result{File: r.target, Name: name}
		r.results = append(r.results, result)
		check(r, result)
		return r.ctx.Err()
	})
}

var kinds = map[string]tree.Kind{"file": tree.File, "directory": tree.Dir, "symlink": tree.Symlink}

// exists adds the checks of paths. The last component is not followed if it is a symlink.
func (c *Checks) exists(paths map[string]string) error {
	var all []error
	for _, path := range slices.Sorted(maps.Keys(paths)) {
		name := fmt.Sprintf("exists %s %s", path, paths[path])
		var facts []func(e entryFacts) string
		for word := range strings.FieldsSeq(paths[path]) {
			fact, err := parseFact(word)
			if err != nil {
				all = append(all, fmt.Errorf("exists: %s: %w", path, err))
			}
			facts = append(facts, fact)
		}
		c.add(strings.TrimSpace(name), func(r *asserted, result *Result) {
			entry, err := r.image.Files.Find(path, false)
			if err != nil {
				result.add("%s", explain(path, err))
				return
			}
			f := entryFacts{entry.File.Kind, entry.File.Mode, entry.File.UID, entry.File.GID}
			for _, fact := range facts {
				if problem := fact(f); problem != "" {
					result.add("%s", problem)
				}
			}
		})
	}
	return errors.Join(all...)
}

// entryFacts are the facts about a path that assertions can state.
type entryFacts struct {
	kind     tree.Kind
	mode     uint32
	uid, gid uint32
}

// parseFact parses a word of Exists. The function that it returns describes a difference, or returns an empty string.
func parseFact(word string) (func(entryFacts) string, error) {
	if kind, ok := kinds[word]; ok {
		return func(f entryFacts) string { return differs("a "+f.kind.String(), "a "+kind.String()) }, nil
	}
	if uid, gid, ok := strings.Cut(word, ":"); ok {
		u, errUID := strconv.ParseUint(uid, 10, 32)
		g, errGID := strconv.ParseUint(gid, 10, 32)
		if errUID == nil && errGID == nil {
			want := fmt.Sprintf("owned by %d:%d", u, g)
			return func(f entryFacts) string { return differs(fmt.Sprintf("owned by %d:%d", f.uid, f.gid), want) }, nil
		}
	}
	if mode, err := strconv.ParseUint(word, 8, 32); err == nil && mode <= 0o7777 && len(word) >= 3 {
		want := fmt.Sprintf("of mode %04o", mode)
		return func(f entryFacts) string { return differs(fmt.Sprintf("of mode %04o", f.mode), want) }, nil
	}
	return nil, fmt.Errorf("%q: expected file, directory, symlink, an octal mode like 0755, or an owner like 0:0", word)
}

func differs(have, want string) string {
	if have == want {
		return ""
	}
	return fmt.Sprintf("it is %s, expected %s", have, want)
}

// absent adds the checks of paths that must not exist.
func (c *Checks) absent(patterns []string) error {
	const shown = 5
	var all []error
	for _, text := range patterns {
		pattern, err := tree.ParsePattern(text)
		if err != nil {
			all = append(all, fmt.Errorf("absent: %s: %w", text, err))
		}
		c.add("absent "+text, func(r *asserted, result *Result) {
			if path := pattern.Path(); path != "" {
				if entry, err := r.image.Files.Find(path, false); err == nil {
					result.add("%s exists: %s", text, origin(entry))
				}
				return
			}
			found := 0
			for _, e := range r.image.Files.Entries() {
				if !pattern.Selects(e.Path, e.File.Kind == tree.Dir) {
					continue
				}
				if found++; found <= shown {
					result.add("%s exists", origin(e))
				}
			}
			if found > shown {
				result.add("%d more exist", found-shown)
			}
		})
	}
	return errors.Join(all...)
}

// contents adds the checks of contents.
func (c *Checks) contents(files map[string]string) error {
	var all []error
	for _, path := range slices.Sorted(maps.Keys(files)) {
		re, err := regexp.Compile(files[path])
		if err != nil {
			all = append(all, fmt.Errorf("contents: %s: %w", path, err))
		}
		c.add("contents "+path, func(r *asserted, result *Result) {
			r.reader.want(result, path, func(text []byte) {
				if !re.Match(text) {
					result.add("nothing matches %q", re)
				}
			})
		})
	}
	return errors.Join(all...)
}

// config adds the checks of settings.
func (c *Checks) config(settings map[string]string) error {
	var all []error
	for _, key := range slices.Sorted(maps.Keys(settings)) {
		re, err := regexp.Compile(settings[key])
		if err == nil {
			_, _, err = configValue(&Image{}, key)
		}
		if err != nil {
			all = append(all, fmt.Errorf("config: %s: %w", key, err))
		}
		c.add("config "+key, func(r *asserted, result *Result) {
			switch value, isSet, _ := configValue(r.image, key); {
			case !isSet:
				result.add("it is not set")
			case !re.MatchString(value):
				result.add("it is %q, which %q does not match", value, re)
			}
		})
	}
	return errors.Join(all...)
}

// configValue returns a setting by its name in the rule image: a text, or a list in JSON. Variables and labels are
// "env.NAME" and "labels.KEY"; only these can be unset.
func configValue(i *Image, key string) (value string, isSet bool, err error) {
	if name, ok := strings.CutPrefix(key, "env."); ok {
		value, isSet = environment(i.Config.Env)[name]
		return value, isSet, nil
	}
	if name, ok := strings.CutPrefix(key, "labels."); ok {
		value, isSet = i.Config.Labels[name]
		return value, isSet, nil
	}
	list := func(values []string) (string, bool, error) {
		data, err := json.Marshal(append([]string{}, values...))
		return string(data), true, err
	}
	switch key {
	case "architecture":
		return i.Platform.Architecture, true, nil
	case "cmd":
		return list(i.Config.Cmd)
	case "entrypoint":
		return list(i.Config.Entrypoint)
	case "exposed_ports":
		return list(keys(i.Config.ExposedPorts))
	case "os":
		return i.Platform.OS, true, nil
	case "stop_signal":
		return i.Config.StopSignal, true, nil
	case "user":
		return i.Config.User, true, nil
	case "variant":
		return i.Platform.Variant, true, nil
	case "volumes":
		return list(keys(i.Config.Volumes))
	case "workdir":
		return i.Config.WorkingDir, true, nil
	}
	return "", false, errors.New("expected architecture, cmd, entrypoint, env.NAME, exposed_ports, labels.KEY, os, stop_signal, " +
		"user, variant, volumes or workdir")
}
