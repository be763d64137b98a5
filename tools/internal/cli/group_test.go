package cli

import (
	"bytes"
	"context"
	"flag"
	"fmt"
	"strings"
	"testing"
)

// desk is a tool with two commands, one of which takes operands.
var desk = Group{
	Name: "desk", Summary: "serve people", Details: "It is open.",
	Commands: []Command{greet, {
		Name: "echo", Summary: "repeat words", Operands: "[WORD]...",
		New: func(flags *flag.FlagSet) Work {
			loud := flags.Bool("loud", false, "shout")
			times := flags.Int("times", 1, "how often")
			return func(_ context.Context, std Streams) error {
				fmt.Fprintf(std.Out, "%q %t %d\n", flags.Args(), *loud, *times)
				return nil
			}
		},
	}},
}

func TestGroup(t *testing.T) {
	const hint = "hint: desk --help lists the commands\n"
	tests := []struct {
		args     string
		code     int
		out, err string
	}{
		{"greet --name=x --times=1", ExitOK, "hello x \n", ""},
		{"greet x", ExitUsage, "", "desk greet: unexpected argument \"x\"\nhint: desk greet --help lists the flags\n"},
		{"echo", ExitOK, "[] false 1\n", ""},
		{"echo a --loud b -times 3 c", ExitOK, `["a" "b" "c"] true 3` + "\n", ""},
		{"echo a -- --loud -- b", ExitOK, `["a" "--loud" "--" "b"] false 1` + "\n", ""},
		{"echo a --quiet", ExitUsage, "",
			"desk echo: unknown flag --quiet\nhint: desk echo --help lists the flags\n"},
		{"echo a --help", ExitOK, "desk echo: repeat words\n\nUsage: desk echo [FLAG]... [WORD]...\n\n" +
			"Flags (an argument @FILE stands for the lines of FILE):\n  --loud\n      shout\n" +
			"  --times INT\n      how often (default 1)\n", ""},
		{"", ExitUsage, "", "desk: a command is missing\n" + hint},
		{"--loud", ExitUsage, "", "desk: unknown command \"--loud\"\n" + hint},
		{"--help", ExitOK, "desk: serve people\n\nCommands (desk COMMAND --help lists its flags):\n" +
			"  greet \n      greet somebody\n  echo [WORD]...\n      repeat words\n\nIt is open.\n", ""},
	}
	for _, test := range tests {
		var out, stderr bytes.Buffer
		code := desk.Run(context.Background(), strings.Fields(test.args), Streams{Out: &out, Err: &stderr})
		if code != test.code || out.String() != test.out || stderr.String() != test.err {
			t.Errorf("desk %s: exit code %d, want %d\nout %q\nwant %q\nerr %q\nwant %q",
				test.args, code, test.code, out.String(), test.out, stderr.String(), test.err)
		}
	}
}
