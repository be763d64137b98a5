// Package structure reads the files of container-structure-test: schema 2.0.0, as YAML or JSON.
//
// Parse is strict: unknown and duplicate keys, invalid regular expressions, tests without a name or without an assertion are
// errors with the file and the line. It accepts the name "env" for "envVars" in metadataTest, which files of earlier releases
// use.
//
// Non-goals: schema 1.0.0; running the tests, which package expect does.
package structure

import "regexp"

// File is a parsed file.
type File struct {
	// Name is the name of the file in messages.
	Name string
	// Globals are variables that paths and commands may refer to, besides those of the image.
	Globals  []Variable
	Commands []Command
	Exists   []Existence
	Contents []Content
	Metadata Metadata
	Licenses []License
	// Options are the options of containers that commands run in.
	Options Options
}

// Variable is an environment variable with its value.
type Variable struct{ Key, Value string }

// Pattern is the expected value of a variable or a label.
type Pattern struct {
	Line int
	Key  string
	// Value is the expected value, if Regexp is nil.
	Value  string
	Regexp *regexp.Regexp
}

// Command is a command to run in a container, and its expected results.
type Command struct {
	Line            int
	Name            string
	Setup, Teardown [][]string
	Env             []Variable
	// Args are the command and its arguments.
	Args []string
	// ExitCode is the expected exit code.
	ExitCode int
	// Output and Error are what standard output and standard error must contain and must not contain.
	Output, Error Text
}

// Text holds expectations about a text.
type Text struct{ Expected, Excluded []*regexp.Regexp }

// Existence is a path that must exist, or must not.
type Existence struct {
	Line       int
	Name, Path string
	Exists     bool
	// Permissions are the type and the mode like "drwxr-xr-x", in the notation of Go's fs.FileMode. Empty means any.
	Permissions string
	// UID and GID are the owner. -1 means any.
	UID, GID int
	// ExecutableBy is "owner", "group", "other", "any", or empty.
	ExecutableBy string
}

// Content is the expected content of a file.
type Content struct {
	Line       int
	Name, Path string
	Text
}

// Metadata is the expected config of the image. Each Line is that of the key.
type Metadata struct {
	Env, Labels               []Pattern
	Unbound                   []Item
	Ports, UnexposedPorts     []Item
	Volumes, UnmountedVolumes []Item
	// Entrypoint and Cmd are nil if there is no expectation.
	Entrypoint, Cmd *List
	// Workdir and User have an empty Value if there is no expectation.
	Workdir, User Item
}

// Item is a value with the line it is in.
type Item struct {
	Line  int
	Value string
}

// List is a list with the line of its key.
type List struct {
	Line   int
	Values []string
}

// License is a check for licenses that the tool's authors ruled out.
type License struct {
	Line int
	// Debian selects the copyright files of all Debian packages.
	Debian bool
	// Files are further files to read.
	Files []Item
}

// Options are options of `docker run`.
type Options struct {
	Line int // 0 if there are none
	User string
	// Privileged and TTY request a privileged container, and a terminal.
	Privileged, TTY bool
	// Env are variables, NAME or NAME=VALUE, and EnvFile is a file with more of them.
	Env     []string
	EnvFile string
	// Capabilities and Mounts are additional capabilities and bind mounts.
	Capabilities, Mounts []string
}

// WithoutCommands returns the file without its tests of commands.
func (f *File) WithoutCommands() *File {
	other := *f
	other.Commands = nil
	return &other
}
