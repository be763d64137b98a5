package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"strings"

	"github.com/rules-strata/rules_strata/tools/internal/cli"
	"github.com/rules-strata/rules_strata/tools/internal/cli/registryflags"
	"github.com/rules-strata/rules_strata/tools/internal/image"
	"github.com/rules-strata/rules_strata/tools/internal/image/edit"
	"github.com/rules-strata/rules_strata/tools/internal/layer"
	"github.com/rules-strata/rules_strata/tools/internal/layer/compress"
	"github.com/rules-strata/rules_strata/tools/internal/layer/inputs"
	"github.com/rules-strata/rules_strata/tools/internal/layer/source"
	"github.com/rules-strata/rules_strata/tools/internal/layer/tree"
	"github.com/rules-strata/rules_strata/tools/internal/oci"
	"github.com/rules-strata/rules_strata/tools/internal/place"
)

var editCommand = cli.Command{
	Name: "edit", Operands: "PLACE", New: newEdit, Required: []string{"output"},
	Summary: "write a changed copy of an image: other settings, more layers, other names",
	Details: `
The result is the image that the rules "image" and "image_layer" would build with the image as their base, byte for byte:
settings that are not stated are inherited, the time of creation is 1970-01-01T00:00:00Z, and all digests are computed
again. If nothing but the name changes, all bytes stay.

All --add, --symlink and --remove make one layer, on top of those of --layer. Symlinks of the image are followed, and its
directories keep their modes and owners. SRC is a file or a directory on disk; without a --mode, programs become 0755 and
other files 0644. An argument list is a JSON list: --cmd='["/bin/cat", "/etc/passwd"]'; '[]' is an empty one.`,
}

// editing holds the flags of edit.
type editing struct {
	settings
	output
	target string
	more   string // of --settings
	change image.Settings

	env, labels, annotations cli.Strings
	layers                   cli.Strings
	files                    inputs.Spec // of --add and its like
	codec                    string
	level                    int
}

func newEdit(flags *flag.FlagSet) cli.Work {
	var e editing
	e.registry = registryflags.Declare(flags)
	e.declareJSON(flags)
	e.declarePlatform(flags, "`os/arch[/variant]` of the image to take from an index with several")
	e.output.declare(flags)
	flags.StringVar(&e.target, "output", "", "`target` to write: a path or a reference")
	e.declareSettings(flags)
	e.declareLayers(flags)
	return func(ctx context.Context, std cli.Streams) error {
		args, err := operands(flags, 1, 1)
		if err == nil {
			err = e.check()
		}
		if err != nil {
			return err
		}
		to, err := parseTarget(e.target, std)
		if err != nil {
			return err
		}
		request, err := e.request()
		if err != nil {
			return err
		}
		ctx, n := e.start(ctx, std)
		written, err := e.run(ctx, n, args[0], to, request)
		n.display.Close()
		if err != nil {
			return explain(err)
		}
		return e.showWritten(std, to, written)
	}
}

func (e *editing) declareSettings(flags *flag.FlagSet) {
	text := func(name, usage string, to **string) {
		flags.Func(name, usage, func(value string) error {
			*to = &value
			return nil
		})
	}
	arguments := func(name, usage string, to *[]string) {
		flags.Func(name, usage, func(value string) (err error) {
			*to, err = parseList(value)
			return err
		})
	}
	arguments("cmd", "default arguments, a JSON `list`", &e.change.Cmd)
	arguments("entrypoint", "program with its fixed arguments, a JSON `list`; drops the image's cmd", &e.change.Entrypoint)
	text("user", "`user[:group]` that the program runs as", &e.change.User)
	text("workdir", "absolute `path` of the working directory", &e.change.Workdir)
	text("stop-signal", "`signal` that asks the program to end", &e.change.StopSignal)
	text("author", "`person` who made the image", &e.change.Author)
	text("created", "`time` of creation, as RFC 3339 or in seconds since 1970 (default 1970-01-01T00:00:00Z)", &e.change.Created)
	flags.Var(&e.env, "env", "environment variable `NAME=VALUE`")
	flags.Var(&e.labels, "label", "label `KEY=VALUE`")
	flags.Var(&e.annotations, "annotation", "annotation `KEY=VALUE` of the manifest")
	flags.Var((*cli.Strings)(&e.change.ExposedPorts), "port", "`port[/protocol]` to expose")
	flags.Var((*cli.Strings)(&e.change.Volumes), "volume", "`path` of a volume")
	flags.Var((*cli.Strings)(&e.change.UnsetEnv), "unsetenv", "`name` of a variable to drop before others are set")
	flags.Var((*cli.Strings)(&e.change.UnsetLabels), "unsetlabel", "`key` of a label to drop before others are set")
	flags.Var((*cli.Strings)(&e.change.Clear), "clear", "`setting` to drop before others are set: cmd, entrypoint, env, "+
		"labels, user and so on")
	flags.StringVar(&e.more, "settings", "", "`json` object with more settings, those of mkconfig; other flags replace its keys")
}

func (e *editing) declareLayers(flags *flag.FlagSet) {
	add := func(in inputs.Input) error {
		e.files.Inputs = append(e.files.Inputs, in)
		return in.Check()
	}
	pairs := func(name, usage string, use func(key, value string) error) {
		cli.Each(flags, name, usage, func(text string) error {
			key, value, err := cli.SplitPair(text)
			if err != nil {
				return err
			}
			return use(key, value)
		})
	}
	cli.Each(flags, "add", "file or directory `SRC=PATH`, a path ending in / being the directory to put it in", func(text string) error {
		src, path, err := parseAdd(text)
		if err != nil {
			return err
		}
		return add(inputs.Input{Kind: inputs.File, Source: src, Path: path})
	})
	cli.Each(flags, "remove", "`PATH` to delete", func(path string) error {
		return add(inputs.Input{Kind: inputs.Remove, Path: path})
	})
	pairs("symlink", "symlink `PATH=TARGET`", func(path, target string) error {
		return add(inputs.Input{Kind: inputs.Symlink, Path: path, Target: target})
	})
	pairs("mode", "permissions `PATTERN=OCTAL` of added files", e.files.AddMode)
	pairs("owner", "owner `PATTERN=UID:GID` of added files", e.files.AddOwner)
	flags.Func("mtime", "modification `time` of added files, in seconds since 1970 or as RFC 3339 (default 0)",
		func(text string) (err error) {
			e.files.ModTime, err = inputs.ParseTime(text)
			return err
		})
	flags.Var(&e.layers, "layer", "`tar` to add as a layer, compressed or not; byte for byte if possible")
	flags.StringVar(&e.codec, "compression", string(oci.Gzip), "`codec` of new layers: gzip, zstd or none")
	flags.IntVar(&e.level, "level", 0, "compression `level`: gzip 1-9, zstd 1-19, 0 for the default (gzip 6, zstd 3)")
}

// parseList reads a list of strings in JSON.
func parseList(text string) ([]string, error) {
	list := []string{}
	err := json.Unmarshal([]byte(text), &list)
	if err == nil && list == nil {
		err = errors.New("null")
	}
	if err != nil {
		return nil, errors.New(`expected a JSON list of strings, such as ["/bin/cat", "/etc/passwd"]`)
	}
	return list, nil
}

// parseAdd reads SRC=PATH. PATH starts at the first "=/".
func parseAdd(text string) (src, dst string, err error) {
	at := strings.Index(text, "=/")
	if at <= 0 {
		return "", "", errors.New("expected SRC=PATH with an absolute path in the image")
	}
	src, dst = text[:at], text[at+1:]
	if strings.HasSuffix(dst, "/") {
		whole, err := filepath.Abs(src)
		if err != nil {
			return "", "", err
		}
		dst = path.Join(dst, filepath.Base(whole))
	}
	if _, err := tree.Clean(dst); err != nil {
		return "", "", fmt.Errorf("image path %q: %w", dst, err)
	}
	return src, dst, nil
}

// request returns what to change.
func (e *editing) request() (edit.Request, error) {
	var r edit.Request
	stated, err := e.statedSettings()
	if err != nil {
		return r, err
	}
	r.Settings = stated
	if r.Annotations, err = cli.Pairs("annotation", e.annotations); err != nil {
		return r, err
	}
	format, err := compress.Parse(oci.Compression(e.codec), e.level)
	if err != nil {
		return r, cli.Usage("%w", err)
	}
	for _, tar := range e.layers {
		r.Layers = append(r.Layers, edit.Layer{
			Inputs:  inputs.Spec{Inputs: []inputs.Input{{Kind: inputs.Tar, Source: tar}}},
			Packing: layer.Packing{Format: format, Keep: layer.KeepAll},
		})
	}
	if len(e.files.Inputs) > 0 {
		r.Layers = append(r.Layers, edit.Layer{Inputs: e.files, Packing: layer.Packing{Format: format}})
	}
	return r, nil
}

// statedSettings returns the settings of --settings and, where they are stated, those of the other flags.
func (e *editing) statedSettings() (image.Settings, error) {
	var err error
	if e.change.Env, err = cli.Pairs("env", e.env); err != nil {
		return e.change, err
	}
	for name, value := range e.change.Env {
		e.change.Env[name] = image.Literal(value)
	}
	if e.change.Labels, err = cli.Pairs("label", e.labels); err != nil {
		return e.change, err
	}
	own, err := json.Marshal(e.change)
	if err != nil {
		return e.change, err
	}
	merged := make(map[string]json.RawMessage)
	if e.more != "" {
		if _, err := image.ParseSettings([]byte(e.more)); err != nil {
			return e.change, cli.Usage("--settings: %w", err)
		}
		if err := json.Unmarshal([]byte(e.more), &merged); err != nil {
			return e.change, cli.Usage("--settings: %w", err)
		}
	}
	var flags map[string]json.RawMessage
	if err := json.Unmarshal(own, &flags); err != nil {
		return e.change, err
	}
	for key, value := range flags {
		// The other settings have no flags, and for some of them a zero value means that they are not stated.
		if string(value) != "null" && !strings.HasPrefix(key, "healthcheck_") && key != "allow_any_architecture" {
			merged[key] = value
		}
	}
	text, err := json.Marshal(merged)
	if err != nil {
		return e.change, err
	}
	settings, err := image.ParseSettings(text)
	if err != nil {
		return settings, cli.Usage("%w", err)
	}
	return settings, nil
}

func (e *editing) run(
	ctx context.Context, n *session, from string, to place.Address, request edit.Request,
) (written, error) {
	p, err := n.open(ctx, from)
	if err != nil {
		return written{}, err
	}
	defer p.Close()
	base, root, err := p.Image(ctx, e.platform, nil)
	if err != nil {
		return written{}, err
	}
	scratch, err := os.MkdirTemp("", "image-edit-*")
	if err != nil {
		return written{}, err
	}
	defer os.RemoveAll(scratch)
	d := base.Descriptor
	if d.Platform == nil && base.Platform.OS != "" {
		d.Platform = &base.Platform
	}
	made, err := edit.Apply(ctx, p.Source, d, request, scratch)
	if err != nil {
		return written{}, fmt.Errorf("%s: %w", p, err)
	}
	return n.write(ctx, &e.output, p, root, place.Image{Root: made.Root, Source: made.Source, New: made.New}, to)
}

// explain adds a hint about how to fix err.
func explain(err error) error {
	switch {
	case errors.Is(err, image.ErrPlatformMissing):
		return cli.Hint(err, `--settings='{"os": "linux", "architecture": "amd64"}' states what the image lacks`)
	case errors.Is(err, image.ErrOtherArchitecture):
		return cli.Hint(err, `--settings='{"allow_any_architecture": true}' permits it, say if an emulator runs the program`)
	case errors.Is(err, edit.ErrReplaces):
		return cli.Hint(err, "state these directories in the tar as they are in the image, or use --add")
	case errors.Is(err, source.ErrNowhere), errors.Is(err, source.ErrEndless):
		return cli.Hint(err, "--add follows symlinks; --symlink=PATH=TARGET makes one")
	}
	return err
}
