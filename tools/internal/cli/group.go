package cli

import (
	"context"
	"fmt"
	"os"
	"strings"
)

// Group is a tool of several commands, of which its first argument names one.
type Group struct {
	// Name is the tool's name.
	Name string
	// Summary says in one sentence what the tool does.
	Summary string
	// Details is the rest of the manual page, printed by --help below the commands. It may be empty.
	Details string
	// Commands are the commands, in the order of the help. The name of each is its first argument.
	Commands []Command
}

// Main runs the group with the process's arguments and streams, and exits. An interrupt cancels the work's context.
func (g Group) Main() {
	exit(g.Run, os.Args[1:])
}

// Run runs the command that the first of args names, and returns its exit code.
func (g Group) Run(ctx context.Context, args []string, std Streams) int {
	if len(args) > 0 && (args[0] == "--help" || args[0] == "-help" || args[0] == "-h") {
		g.help(std)
		return ExitOK
	}
	for _, c := range g.Commands {
		if len(args) > 0 && args[0] == c.Name {
			c.Name = g.Name + " " + c.Name
			return c.Run(ctx, args[1:], std)
		}
	}
	problem := "no command is given"
	if len(args) > 0 {
		problem = fmt.Sprintf("unknown command %q", args[0])
	}
	fmt.Fprintf(std.Err, "%s: %s\nhint: %[1]s --help lists the commands\n", g.Name, problem)
	return ExitUsage
}

func (g Group) help(std Streams) {
	fmt.Fprintf(std.Out, "%s: %s\n\nCommands (%[1]s COMMAND --help lists the flags of one):\n", g.Name, g.Summary)
	for _, c := range g.Commands {
		fmt.Fprintf(std.Out, "  %s %s\n      %s\n", c.Name, c.Operands, c.Summary)
	}
	if g.Details != "" {
		fmt.Fprintf(std.Out, "\n%s\n", strings.TrimSpace(g.Details))
	}
}
