package main

import (
	"context"
	"errors"
	"flag"

	"github.com/rules-strata/rules_strata/tools/internal/cli"
	"github.com/rules-strata/rules_strata/tools/internal/cli/stamp"
	"github.com/rules-strata/rules_strata/tools/internal/image"
	"github.com/rules-strata/rules_strata/tools/internal/image/fit"
	"github.com/rules-strata/rules_strata/tools/internal/oci/wire"
)

const details = `
Settings, all optional, absent means inherited from the base:
  os architecture variant os_version        strings; os and architecture cannot contradict the base
  least_variant                             ARCH/VARIANT; replaces a lower variant of the base for that architecture
  os_features entrypoint cmd shell          lists of strings that replace the base's; entrypoint drops its cmd
  created                                   RFC 3339 or seconds since 1970, never inherited, 1970-01-01T00:00:00Z by default
  append_entrypoint append_cmd              lists of strings, added to the base's entrypoint and cmd
  author user workdir stop_signal           strings
  exposed_ports volumes                     lists of strings, added to the base's
  env labels                                objects of strings, merged into the base's; env also into that of the layers
                                            env, labels and created may have variables of --status, like {{STABLE_NAME}}
                                            in env, ${NAME} is the value that the base or a layer sets, and $$ is $
  healthcheck                               ["NONE"], ["CMD", program, argument...] or ["CMD-SHELL", line]
  healthcheck_interval healthcheck_timeout  times such as "30s", which need healthcheck; healthcheck_start_period
                                            and healthcheck_start_interval too
  healthcheck_retries                       a number, which needs healthcheck
  program                                   object of path, args and env: defaults of entrypoint and cmd, and
                                            variables that env takes precedence over
  allow_any_architecture                    true: do not compare programs in the layers with the architecture
  allow_missing_interpreter                 true: do not check that the program's interpreter is in the layers
  unset_env unset_labels                    names of single variables and labels of the base that are dropped first
  clear                                     names of the settings above whose value in the base is dropped first`

var command = cli.Command{
	Name:     "mkconfig",
	Summary:  "write the config of an image",
	Details:  details,
	Required: []string{"output", "descriptor"},
	New:      newWork,
}

type options struct {
	base, descriptor string
	settings         string
	files            valueFiles
	status           *stamp.Flags
	layers           []fit.Layer
	shapes           fit.Base
	outputs          wire.Outputs
}

func newWork(flags *flag.FlagSet) cli.Work {
	var o options
	flags.StringVar(&o.base, "base-config", "", "`file` with the config of the base image; an image without it has no base")
	flags.StringVar(&o.descriptor, "base-descriptor", "",
		"`file` with the descriptor of the base image; its platform fills gaps of the base's config")
	flags.Var((*cli.Strings)(&o.shapes.Shapes), "base-shape", "`file` with the shape of the base's layers, bottom layers first")
	flags.BoolVar(&o.shapes.Partial, "base-shapes-partial", false, "the base has layers whose shape is unknown")
	cli.Each(flags, "layer", "`file` with the descriptor of a layer, bottom layer first", func(path string) error {
		o.layers = append(o.layers, fit.Layer{Name: path})
		return nil
	})
	cli.Each(flags, "shape", "`file` with the shape of the --layer before it", func(path string) error {
		if len(o.layers) == 0 {
			return errors.New("no --layer before it")
		}
		o.layers[len(o.layers)-1].Shape = path
		return nil
	})
	flags.StringVar(&o.settings, "settings", "{}", "`json` object with the settings below")
	o.files.declare(flags)
	o.status = stamp.Declare(flags)
	flags.StringVar(&o.outputs.Document, "output", "", "`file` to write the config to")
	flags.StringVar(&o.outputs.Descriptor, "descriptor", "", "`file` to write its descriptor to")
	return func(context.Context, cli.Streams) error {
		return o.run()
	}
}

func (o *options) run() error {
	settings, err := image.ParseSettings([]byte(o.settings))
	if err != nil {
		return cli.Usage("--settings: %w", err)
	}
	scope, err := o.status.Scope()
	if err != nil {
		return err
	}
	if err := o.files.complete(&settings, scope); err != nil {
		return err
	}
	var base []byte
	if o.base != "" {
		if base, err = wire.ReadDocument(o.base); err != nil {
			return err
		}
	}
	if o.descriptor != "" {
		descriptor, err := wire.ReadDescriptor(o.descriptor)
		if err != nil {
			return err
		}
		settings.BasePlatform = descriptor.Platform
	}
	var layers []image.Layer
	for _, files := range o.layers {
		layer, err := wire.ReadLayer(files.Name)
		if err != nil {
			return err
		}
		described := image.Layer{DiffID: layer.DiffID, History: layer.History, Programs: layer.Programs}
		if e := layer.Environment; e != nil {
			described.Environment = image.Environment{Path: e.Path, Variables: e.Variables}
		}
		layers = append(layers, described)
	}
	o.shapes.Exists = o.base != ""
	whole, err := fit.Stack(o.shapes, o.layers)
	if err != nil {
		return err
	}
	config, err := image.Config(base, layers, settings)
	if err != nil {
		return advise(err)
	}
	process, err := fit.ParseProcess(config.Bytes)
	if err != nil {
		return err
	}
	if err := process.CheckUser(whole); err != nil {
		return err
	}
	if !settings.AllowMissingInterpreter {
		if err := process.CheckProgram(whole); err != nil {
			return err
		}
	}
	return o.outputs.Write(config.Bytes, config.Descriptor)
}

// advise adds a hint about how to fix err.
func advise(err error) error {
	switch {
	case errors.Is(err, image.ErrPlatformMissing):
		return cli.Hint(err, "an image from scratch needs the settings os and architecture, "+
			"or a target platform that implies them: docs/images.md")
	case errors.Is(err, image.ErrPlatformConflict):
		return cli.Hint(err, "choose a base for that platform, or name the setting in clear if the base is wrong")
	case errors.Is(err, image.ErrOtherArchitecture):
		return cli.Hint(err, "build the layer for the image's platform, for example with --platforms or image_index; "+
			"or set allow_any_architecture if an emulator runs it, or if it never runs")
	case errors.Is(err, image.ErrTooManyLayers):
		return cli.Hint(err, "put the files of several layers into one")
	}
	return err
}
