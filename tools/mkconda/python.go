package main

import (
	"context"
	"flag"
	"os"
	"path/filepath"

	"github.com/rules-strata/rules_strata/tools/internal/atomicfile"
	"github.com/rules-strata/rules_strata/tools/internal/cli"
	"github.com/rules-strata/rules_strata/tools/internal/layer/conda"
	"github.com/rules-strata/rules_strata/tools/internal/oci"
)

var pythonCommand = cli.Command{
	Name:    "python",
	Summary: "write the version and the module directory of an environment's Python",
	Details: `
The output has the first two numbers of the version and the directory of modules. It is the same for all patch releases.`,
	Required: []string{"package", "output"},
	New: func(flags *flag.FlagSet) cli.Work {
		archive := flags.String("package", "", "`file` of the package python, .conda or .tar.bz2")
		output := flags.String("output", "", "`file` to write")
		return func(ctx context.Context, _ cli.Streams) error {
			return writePython(ctx, *archive, *output)
		}
	},
}

func writePython(ctx context.Context, archive, output string) error {
	python, err := conda.ReadPython(ctx, archive, filepath.Dir(output))
	if err != nil {
		return err
	}
	data, err := oci.Marshal(python)
	if err != nil {
		return err
	}
	return atomicfile.Write(output, data)
}

// readPython reads what writePython wrote.
func readPython(path string) (*conda.Python, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	var python conda.Python
	if err = oci.Unmarshal(data, &python); err == nil {
		err = python.Check()
	}
	if err != nil {
		return nil, cli.Usage("--python=%s: %w", path, err)
	}
	return &python, nil
}
