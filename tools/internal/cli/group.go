package cli

import (
	"context"
	"fmt"
	"os"
	"strings"
)

// Group is a tool with several commands. The first argument names the command to run.
type Group struct {
	// Name is the tool's name.
	Name string
	// Summary describes the tool in the imperative.
	Summary string
	// Details is the rest of the manual page, printed by --help below the commands. It may be empty.
	Details string
	// Commands are the commands, in the order of the help. A command's name is the argument that selects it.
	Commands []Command
}

// Main runs the group with the process's arguments and streams, and exits. An interrupt cancels the work's context.
func (g Group) Main() { exit(g.Run, os.Args[1:]) }

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
	problem := Usage("a command is missing")
	if len(args) > 0 {
		problem = Usage("unknown command %q", args[0])
	}
	return report(g.Name, Hint(problem, "%s --help lists the commands", g.Name), std.Err)
}

func (g Group) help(std Streams) {
	fmt.Fprintf(std.Out, "%s: %s\n\nCommands (%[1]s COMMAND --help lists its flags):\n", g.Name, g.Summary)
	for _, c := range g.Commands {
		fmt.Fprintf(std.Out, "  %s %s\n      %s\n", c.Name, c.Operands, c.Summary)
	}
	if g.Details != "" {
		fmt.Fprintf(std.Out, "\n%s\n", strings.TrimSpace(g.Details))
	}
}
