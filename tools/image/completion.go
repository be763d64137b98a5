package main

import (
	"context"
	"flag"
	"io"
	"strings"

	"github.com/rules-strata/rules_strata/tools/internal/cli"
)

// completionCommand returns the command that completes the commands of a group.
func completionCommand(group func() cli.Group) cli.Command {
	return cli.Command{
		Name: "completion", Operands: strings.Join(cli.Shells, "|"),
		Summary: "write a script that completes this tool's command lines in a shell",
		Details: `
For bash: source <(image completion bash), with the tool on PATH as "image".`,
		New: func(flags *flag.FlagSet) cli.Work {
			return func(_ context.Context, std cli.Streams) error {
				args, err := operands(flags, 1, 1)
				if err != nil {
					return err
				}
				script, err := group().Completion(args[0])
				if err != nil {
					return err
				}
				_, err = io.WriteString(std.Out, script)
				return err
			}
		},
	}
}
