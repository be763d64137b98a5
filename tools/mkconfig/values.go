package main

import (
	"flag"
	"fmt"
	"maps"
	"slices"

	"github.com/rules-strata/rules_strata/tools/internal/cli"
	"github.com/rules-strata/rules_strata/tools/internal/cli/arglist"
	"github.com/rules-strata/rules_strata/tools/internal/cli/pairs"
	"github.com/rules-strata/rules_strata/tools/internal/cli/stamp"
	"github.com/rules-strata/rules_strata/tools/internal/image"
)

// valueFiles are the paths of files with settings.
type valueFiles struct {
	cmd, entrypoint string
	created         string
	env, labels     string
}

func (f *valueFiles) declare(flags *flag.FlagSet) {
	flags.StringVar(&f.cmd, "cmd-file", "", "`file` with the setting cmd: one argument per line, or a JSON list")
	flags.StringVar(&f.entrypoint, "entrypoint-file", "",
		"`file` with the setting entrypoint: one argument per line, or a JSON list")
	flags.StringVar(&f.created, "created-file", "", "`file` whose only line is the setting created")
	flags.StringVar(&f.env, "env-file", "",
		"`file` with variables, as KEY=VALUE lines or a JSON object; the setting env takes precedence")
	flags.StringVar(&f.labels, "labels-file", "",
		"`file` with labels, as KEY=VALUE lines or a JSON object; the setting labels takes precedence")
}

// complete adds the files to the settings, and expands variables of the workspace status.
func (f *valueFiles) complete(s *image.Settings, scope stamp.Scope) (err error) {
	if s.Entrypoint, err = arguments("entrypoint", s.Entrypoint, f.entrypoint); err != nil {
		return err
	}
	if s.Cmd, err = arguments("cmd", s.Cmd, f.cmd); err != nil {
		return err
	}
	if s.Env, err = variables(s.Env, f.env, scope); err != nil {
		return err
	}
	if s.Labels, err = pairs.Add(s.Labels, f.labels); err != nil {
		return err
	}
	if s.Labels, err = scope.ExpandAll(s.Labels); err != nil {
		return fmt.Errorf("labels: %w", err)
	}
	return f.setCreated(s, scope)
}

// arguments returns the value of a setting, or that in the file.
func arguments(name string, stated []string, file string) ([]string, error) {
	if file == "" {
		return stated, nil
	}
	if stated != nil {
		return nil, cli.Usage("--%s-file: the setting %s is set, too", name, name)
	}
	return arglist.Read(file)
}

// variables returns the setting env and, of the file, those variables that it lacks. In the file and in values of the
// status, dollars are literal.
func variables(stated map[string]string, file string, scope stamp.Scope) (map[string]string, error) {
	all, err := pairs.Add(stated, file)
	if err != nil {
		return nil, err
	}
	all = maps.Clone(all)
	for _, name := range slices.Sorted(maps.Keys(all)) {
		if _, ok := stated[name]; ok {
			all[name], err = scope.Expand(all[name], image.Literal)
		} else {
			all[name], err = scope.Expand(all[name], nil)
			all[name] = image.Literal(all[name])
		}
		if err != nil {
			return nil, fmt.Errorf("env: %s: %w", name, err)
		}
	}
	return all, nil
}

func (f *valueFiles) setCreated(s *image.Settings, scope stamp.Scope) error {
	if f.created != "" {
		if s.Created != nil {
			return cli.Usage("--created-file: the setting created is set, too")
		}
		line, err := arglist.ReadLine(f.created)
		if err != nil {
			return err
		}
		s.Created = &line
	}
	if s.Created == nil {
		return nil
	}
	created, err := scope.Expand(*s.Created, nil)
	if err != nil {
		return fmt.Errorf("created: %w", err)
	}
	s.Created = &created
	return nil
}
