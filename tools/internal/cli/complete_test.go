package cli_test

import (
	"context"
	"flag"
	"os/exec"
	"strings"
	"testing"

	"github.com/rules-strata/rules_strata/tools/internal/cli"
)

// shop is a group whose texts contain what shells interpret.
var shop = cli.Group{Name: "shop", Commands: []cli.Command{
	{Name: "buy", Summary: "buy it's $HOME", New: func(flags *flag.FlagSet) cli.Work {
		flags.String("coin", "", "a `coin`'s name\nwith details")
		flags.Bool("gift", false, "wrap it")
		return func(context.Context, cli.Streams) error { return nil }
	}},
	{Name: "sell", Summary: "sell", New: func(*flag.FlagSet) cli.Work { return nil }},
}}

func TestCompletion(t *testing.T) {
	fish, err := shop.Completion("fish")
	const want = `complete -c shop -n 'not __fish_seen_subcommand_from buy sell' -f -a buy -d 'buy it'\''s $HOME'
complete -c shop -n '__fish_seen_subcommand_from buy' -l coin -r -d 'a coin'\''s name'
complete -c shop -n '__fish_seen_subcommand_from buy' -l gift -d 'wrap it'
complete -c shop -n 'not __fish_seen_subcommand_from buy sell' -f -a sell -d 'sell'
`
	if err != nil || fish != want {
		t.Errorf("%v, got\n%s", err, fish)
	}
	zsh, err := shop.Completion("zsh")
	if err != nil || !strings.HasPrefix(zsh, "autoload -U +X bashcompinit && bashcompinit\n") {
		t.Errorf("%v, got\n%s", err, zsh)
	}
	if _, err := shop.Completion("csh"); err == nil {
		t.Error("csh is completed")
	}
}

// Bash itself completes commands, flags and nothing else.
func TestBash(t *testing.T) {
	script, err := shop.Completion("bash")
	if err != nil {
		t.Fatal(err)
	}
	for line, want := range map[string]string{
		"shop b": "buy", "shop ": "buy sell", "shop buy --": "--help --coin --gift", "shop buy --c": "--coin",
		"shop sell --": "--help", "shop other --": "",
	} {
		words := strings.Split(line, " ")
		quoted := "'" + strings.Join(words, "' '") + "'"
		run := exec.Command("bash", "-c", script+"\nCOMP_WORDS=("+quoted+") COMP_CWORD=$((${#COMP_WORDS[@]} - 1))\n_shop\n"+
			`echo "${COMPREPLY[*]}"`)
		out, err := run.CombinedOutput()
		if got := strings.TrimSpace(string(out)); err != nil || got != want {
			t.Errorf("%q: %q, %v, want %q", line, got, err, want)
		}
	}
}
