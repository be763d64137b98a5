// Package cli is the front of every tool: flags, parameter files, help, and the way a failure is told.
//
// A tool is a [Command]: its manual page and a function that declares flags and returns the work. The package decides
// what all tools share: an argument "@FILE" stands for the lines of FILE (how Bazel passes long command lines), an
// error is one line "tool: subject: problem" on standard error, followed by a "hint:" line where the user can do
// something about it, and the exit code is 0 for success, 1 for a failure and 2 for a command line that makes no sense.
// What strangers have a say in is printed by [Line], so that no terminal obeys it.
//
// A [Group] is a tool of several commands. Non-goals: deeper trees of commands, coloured output, configuration files.
package cli

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log"
	"os"
	"os/signal"
	"strings"
	"syscall"
)

// Exit codes of every tool.
const (
	ExitOK      = 0 // the work is done
	ExitFailure = 1 // the work could not be done
	ExitUsage   = 2 // the command line makes no sense; nothing was tried
)

// Streams are the standard streams a tool may use.
type Streams struct {
	Out io.Writer
	Err io.Writer
}

// Work is what a tool does once its flags are parsed.
type Work func(ctx context.Context, std Streams) error

// Command is one tool.
type Command struct {
	// Name is the tool's name, which starts each of its messages.
	Name string
	// Summary says in one sentence what the tool does.
	Summary string
	// Details is the rest of the manual page, printed by --help below the flags. It may be empty.
	Details string
	// Operands names the arguments that are no flags, for the help: "NAME REFERENCE". The work finds them in flags.Args,
	// wherever between the flags they stood, and counts them. Empty means that there are none.
	Operands string
	// New declares the tool's flags and returns its work, which runs after they are parsed.
	New func(flags *flag.FlagSet) Work
}

// Main runs the command with the process's arguments and streams, and exits. An interrupt cancels the work's context.
func (c Command) Main() {
	exit(c.Run, os.Args[1:])
}

// MainFrom is Main for a program that gets its arguments from a function, like that of launch.Args.
func (c Command) MainFrom(arguments func() ([]string, error)) {
	args, err := arguments()
	if err != nil {
		os.Exit(c.tell(err, os.Stderr))
	}
	exit(c.Run, args)
}

// exit runs a command or a group with the process's streams, and exits. An interrupt cancels the work's context.
func exit(run func(context.Context, []string, Streams) int, args []string) {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := run(ctx, args, Streams{Out: os.Stdout, Err: os.Stderr})
	stop()
	os.Exit(code)
}

// Run runs the command and returns its exit code.
func (c Command) Run(ctx context.Context, args []string, std Streams) int {
	log.SetOutput(io.Discard) // Of package net/http's, which repeats what servers say.
	err := c.run(ctx, args, std)
	if err == nil || errors.Is(err, flag.ErrHelp) {
		return ExitOK
	}
	return c.tell(err, std.Err)
}

// tell writes an error with its hints, and returns the exit code that belongs to it.
func (c Command) tell(err error, stderr io.Writer) int {
	Line(stderr, "%s: %v", c.Name, err)
	for _, hint := range hints(err) {
		Line(stderr, "hint: %s", hint)
	}
	var usage *usageError
	if errors.As(err, &usage) {
		return ExitUsage
	}
	return ExitFailure
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
	return work(WithNotices(ctx, std.Err), std)
}

// parse parses flags and operands, in any order; "--" ends the flags.
func (c Command) parse(flags *flag.FlagSet, args []string) error {
	var operands []string
	for {
		if err := flags.Parse(args); err != nil {
			return err
		}
		rest := flags.Args()
		ended := len(rest) < len(args) && args[len(args)-len(rest)-1] == "--"
		if c.Operands == "" || len(rest) == 0 || ended {
			return flags.Parse(append(append([]string{"--"}, operands...), rest...))
		}
		operands, args = append(operands, rest[0]), rest[1:]
	}
}

func (c Command) help(flags *flag.FlagSet, out io.Writer) {
	fmt.Fprintf(out, "%s: %s\n", c.Name, c.Summary)
	if c.Operands != "" {
		fmt.Fprintf(out, "\nUsage: %s [FLAG]... %s\n", c.Name, c.Operands)
	}
	fmt.Fprintf(out, "\nFlags (an argument @FILE stands for the lines of FILE):\n")
	flags.VisitAll(func(f *flag.Flag) {
		value, text := flag.UnquoteUsage(f)
		if value != "" {
			value = "=" + strings.ToUpper(value)
		}
		fmt.Fprintf(out, "  --%s%s\n      %s", f.Name, value, strings.ReplaceAll(text, "\n", "\n      "))
		if f.DefValue != "" && f.DefValue != "false" && f.DefValue != "0" {
			fmt.Fprintf(out, " (default %s)", f.DefValue)
		}
		fmt.Fprintln(out)
	})
	if c.Details != "" {
		fmt.Fprintf(out, "\n%s\n", strings.TrimSpace(c.Details))
	}
}

// expand replaces each argument "@FILE" by the lines of FILE. A line is one argument, taken as it is; a file cannot
// name another one.
func expand(args []string) ([]string, error) {
	var all []string
	for _, arg := range args {
		name, isFile := strings.CutPrefix(arg, "@")
		if !isFile {
			all = append(all, arg)
			continue
		}
		text, err := os.ReadFile(name)
		if err != nil {
			return nil, Usage("parameter file: %w", err)
		}
		if trimmed := strings.TrimSuffix(string(text), "\n"); trimmed != "" {
			all = append(all, strings.Split(trimmed, "\n")...)
		}
	}
	return all, nil
}
