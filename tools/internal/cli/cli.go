// Package cli is the command-line interface of every tool: flags, parameter files, help and error messages.
//
// A tool is a [Command]: its manual page and a function that declares flags and returns the work. The package implements
// what all tools share. An argument "@FILE" stands for the [Arguments] in FILE, which is how Bazel passes long command lines.
// An error is one line "tool: subject: problem" on standard error, followed by a "hint:" line if the user can fix it.
// The exit code is 0 for success, 1 for a failure, 2 for a usage error, or that of [Exit]. [Line] prints untrusted text, so that no
// terminal obeys it.
//
// A [Group] is a tool with several commands. Non-goals: deeper trees of commands, coloured output, configuration files.
//
// All command lines follow one convention:
//   - The summary of a command starts with a verb in the imperative: "write an image index".
//   - A flag's usage text describes its value and names it in back quotes: "`file` to write". Help prints the name in
//     upper case; it must not look like a possible value.
//   - Help adds "(required)" for the flags in [Command.Required] and "(repeatable)" for [Strings] and [Each].
//   - Messages write flags as "--name", or "--name=VALUE" if the value is wrong.
package cli

import (
	"context"
	"errors"
	"flag"
	"io"
	"log"
	"os"
	"os/signal"
	"syscall"
)

// Exit codes of every tool.
const (
	ExitOK      = 0 // the work is done
	ExitFailure = 1 // the work failed
	ExitUsage   = 2 // the command line is invalid; no work was started
)

// Streams are the standard streams a tool may use.
type Streams struct {
	Out io.Writer
	Err io.Writer
}

// Work is the work of a tool, after its flags are parsed.
type Work func(ctx context.Context, std Streams) error

// Command is one tool.
type Command struct {
	// Name is the tool's name, which starts each of its messages.
	Name string
	// Summary describes the tool in the imperative: "write an image index".
	Summary string
	// Details is the rest of the manual page, printed by --help below the flags. It may be empty.
	Details string
	// Operands names the arguments that are not flags, for the help: "NAME REFERENCE". They may occur between flags. The
	// work finds them in flags.Args and checks their number. If Operands is empty, the command takes none.
	Operands string
	// OperandsLast means that the first operand ends the flags: the operands are the arguments of another program.
	OperandsLast bool
	// Required lists the flags that must be set before the work starts.
	Required []string
	// New declares the tool's flags and returns its work, which runs after they are parsed.
	New func(flags *flag.FlagSet) Work
}

// Main runs the command with the process's arguments and streams, and exits. An interrupt cancels the work's context.
func (c Command) Main() { exit(c.Run, os.Args[1:]) }

// MainFrom is like Main, for a program that gets its arguments from a function, such as the result of launch.Args.
func (c Command) MainFrom(arguments func() ([]string, error)) {
	args, err := arguments()
	if err != nil {
		os.Exit(report(c.Name, err, os.Stderr))
	}
	exit(c.Run, args)
}

// exit runs a tool with the process's streams and exits with its code.
func exit(run func(context.Context, []string, Streams) int, args []string) {
	ctx, _ := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM) // until the process ends
	os.Exit(run(ctx, args, Streams{Out: os.Stdout, Err: os.Stderr}))
}

// Run runs the command and returns its exit code.
func (c Command) Run(ctx context.Context, args []string, std Streams) int {
	log.SetOutput(io.Discard) // Package net/http logs text from servers.
	err := c.run(ctx, args, std)
	switch {
	case err == nil || errors.Is(err, flag.ErrHelp):
		return ExitOK
	case errors.Is(err, ErrQuiet):
		return ExitFailure
	}
	return report(c.Name, err, std.Err)
}

// report writes an error of a tool with its hints, and returns the tool's exit code.
func report(tool string, err error, stderr io.Writer) int {
	var exit exitError
	if errors.As(err, &exit) {
		return int(exit)
	}
	Complain(stderr, tool, err)
	var usage *usageError
	if errors.As(err, &usage) {
		return ExitUsage
	}
	return ExitFailure
}

// Complain writes an error of a tool with its hints. It is for a tool that goes on after an error; others return it.
func Complain(stderr io.Writer, tool string, err error) {
	Line(stderr, "%s: %v", tool, err)
	for _, hint := range hints(err) {
		Line(stderr, "hint: %s", hint)
	}
}

func (c Command) run(ctx context.Context, args []string, std Streams) error {
	flags := flag.NewFlagSet(c.Name, flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	flags.Usage = func() {}
	work := c.New(flags)
	args, err := expand(args)
	if err != nil {
		return err
	}
	switch err := c.parse(flags, args); {
	case errors.Is(err, flag.ErrHelp):
		c.help(flags, std.Out)
		return err
	case err != nil:
		return Hint(Usage("%w", err), "%s --help lists the flags", c.Name)
	}
	if c.Operands == "" && flags.NArg() > 0 {
		return Hint(Usage("unexpected argument %q", flags.Arg(0)), "%s --help lists the flags", c.Name)
	}
	if err := Require(flags, c.Required...); err != nil {
		return err
	}
	return work(WithNotices(ctx, std.Err), std)
}

// parse parses flags and operands, in any order unless the operands are last; "--" ends the flags.
func (c Command) parse(flags *flag.FlagSet, args []string) error {
	var operands []string
	for {
		if err := Parse(flags, args); err != nil {
			return err
		}
		rest := flags.Args()
		ended := len(rest) < len(args) && args[len(args)-len(rest)-1] == "--"
		if c.Operands == "" || c.OperandsLast || len(rest) == 0 || ended {
			return Parse(flags, append(append([]string{"--"}, operands...), rest...))
		}
		operands, args = append(operands, rest[0]), rest[1:]
	}
}
