package main

import (
	"flag"

	"github.com/rules-strata/rules_strata/tools/internal/cli"
	"github.com/rules-strata/rules_strata/tools/internal/layer/inputs"
	"github.com/rules-strata/rules_strata/tools/internal/layer/tree"
)

// declareInputs declares the flags for the contents of the layer. They fill the spec in the order of the command line.
func declareInputs(flags *flag.FlagSet, spec *inputs.Spec) {
	var given inputs.Given
	add := func(in inputs.Input) error {
		in.Given = given
		spec.Inputs = append(spec.Inputs, in)
		return in.Check()
	}
	sources := func(kind inputs.Kind, usage string) {
		pairs(flags, string(kind), usage, func(path, src string) error {
			return add(inputs.Input{Kind: kind, Path: path, Source: src})
		})
	}
	archives := func(kind inputs.Kind, usage string) {
		cli.Each(flags, string(kind), usage, func(src string) error {
			return add(inputs.Input{Kind: kind, Source: src})
		})
	}
	paths := func(kind inputs.Kind, usage string) {
		cli.Each(flags, string(kind), usage, func(path string) error {
			return add(inputs.Input{Kind: kind, Path: path})
		})
	}
	sources(inputs.File, "file or directory `PATH=SRC`")
	sources(inputs.Executable, "file `PATH=SRC` with mode 0755")
	sources(inputs.Tree, "directory tree `PATH=DIR`")
	archives(inputs.Tar, "tar `archive`, plain or packed with gzip, bzip2, xz or zstd")
	archives(inputs.Deb, "Debian `package` to unpack; its scripts do not run")
	paths(inputs.Dir, "empty directory `PATH`")
	paths(inputs.EmptyFile, "empty file `PATH`")
	paths(inputs.Remove, "`PATH` in lower layers to delete")
	paths(inputs.Opaque, "directory `PATH` whose contents in lower layers are hidden")
	pairs(flags, string(inputs.Symlink), "symlink `PATH=TARGET`", func(path, target string) error {
		return add(inputs.Input{Kind: inputs.Symlink, Path: path, Target: target})
	})
	cli.Each(flags, "as", "`MODE:UID:GID:USER:GROUP` of files, trees, symlinks and directories in later flags, each part "+
		"may be empty", set(&given, inputs.ParseGiven))
}

// declareSettings declares the flags that apply to all inputs, regardless of their position on the command line.
func declareSettings(flags *flag.FlagSet, spec *inputs.Spec) {
	spec.Links = make(map[string]bool)
	cli.Each(flags, "declared-symlink", "`SRC` of a --file that is itself a symlink, with any target",
		func(src string) error {
			spec.Links[src] = true
			return nil
		})
	flags.Func("strip-prefix", "`directory` in each --tar; only its contents are used",
		set(&spec.StripPrefix, tree.Clean))
	flags.Func("package-dir", "`directory` in the image that the contents of each --tar go to",
		set(&spec.PackageDir, tree.Clean))
	flags.Var((*cli.Strings)(&spec.Over), "over", "`shape` of layers below: entries go through their symlinks, and "+
		"implied directories keep their metadata")
	pairs(flags, "mode", "permissions `PATTERN=OCTAL`", spec.AddMode)
	pairs(flags, "owner", "owner `PATTERN=UID:GID`", spec.AddOwner)
	pairs(flags, "owner-name", "owner's names `PATTERN=USER:GROUP`", spec.AddOwnerName)
	pairs(flags, "xattr", "extended attribute `PATTERN=NAME=VALUE`, VALUE as text or 0x (hexadecimal) or 0s (base64)",
		spec.AddXattr)
	pairs(flags, "mtimes", "modification time `PATTERN=TIME`, as --mtime", spec.AddModTime)
	flags.Func("mtime", "modification `time` of entries without their own, in seconds since 1970 or as RFC 3339 (default 0)",
		set(&spec.ModTime, inputs.ParseTime))
	flags.BoolVar(&spec.Hardlinks, "hardlinks", false, "store identical files with the same metadata once, as hard links")
	flags.Func("duplicates", "`policy` for several inputs with one path: error (default), or the first or last wins",
		set(&spec.Duplicates, tree.ParseDuplicates))
}

// pairs declares a repeatable flag KEY=VALUE.
func pairs(flags *flag.FlagSet, name, usage string, use func(key, value string) error) {
	cli.Each(flags, name, usage, func(text string) error {
		key, value, err := cli.SplitPair(text)
		if err != nil {
			return err
		}
		return use(key, value)
	})
}

// set returns a flag function that parses the value and stores it in a variable.
func set[T any](to *T, parse func(string) (T, error)) func(string) error {
	return func(text string) (err error) {
		*to, err = parse(text)
		return err
	}
}
