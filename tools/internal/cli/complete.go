package cli

import (
	"flag"
	"fmt"
	"strings"
)

// Shells are the shells that [Group.Completion] knows.
var Shells = []string{"bash", "fish", "zsh"}

// Completion returns a script that completes the commands and the flags of the group in a shell. It is made from the
// flags that the commands declare. Operands and values of flags are completed as files.
func (g Group) Completion(shell string) (string, error) {
	switch shell {
	case "bash":
		return g.bash(), nil
	case "fish":
		return g.fish(), nil
	case "zsh":
		return "autoload -U +X bashcompinit && bashcompinit\n" + g.bash(), nil
	}
	return "", Usage("shell %q: expected one of %s", shell, strings.Join(Shells, ", "))
}

// declared returns the flags of a command, sorted, without --help.
func (c Command) declared() []*flag.Flag {
	flags := flag.NewFlagSet(c.Name, flag.ContinueOnError)
	c.New(flags)
	var all []*flag.Flag
	flags.VisitAll(func(f *flag.Flag) { all = append(all, f) })
	return all
}

// takesValue reports whether a flag is followed by a value.
func takesValue(f *flag.Flag) bool {
	b, ok := f.Value.(interface{ IsBoolFlag() bool })
	return !ok || !b.IsBoolFlag()
}

func (g Group) bash() string {
	var names []string
	var cases strings.Builder
	for _, c := range g.Commands {
		names = append(names, c.Name)
		words := []string{"--help"}
		for _, f := range c.declared() {
			words = append(words, "--"+f.Name)
		}
		fmt.Fprintf(&cases, "    %s) words=%s ;;\n", c.Name, quote(strings.Join(words, " ")))
	}
	return strings.NewReplacer("NAME", g.Name, "COMMANDS", quote(strings.Join(names, " ")), "CASES\n", cases.String()).Replace(`_NAME() {
  local current=${COMP_WORDS[COMP_CWORD]} words=
  if [ "$COMP_CWORD" = 1 ]; then
    COMPREPLY=($(compgen -W COMMANDS -- "$current"))
    return
  fi
  case ${COMP_WORDS[1]} in
CASES
  esac
  case $current in
    -*) COMPREPLY=($(compgen -W "$words" -- "$current")) ;;
    *) COMPREPLY=($(compgen -f -- "$current")) ;;
  esac
}
complete -o filenames -F _NAME NAME
`)
}

func (g Group) fish() string {
	var b strings.Builder
	var names []string
	for _, c := range g.Commands {
		names = append(names, c.Name)
	}
	all := strings.Join(names, " ")
	for _, c := range g.Commands {
		fmt.Fprintf(&b, "complete -c %s -n %s -f -a %s -d %s\n", g.Name, quote("not __fish_seen_subcommand_from "+all), c.Name, quote(c.Summary))
		for _, f := range c.declared() {
			_, text := flag.UnquoteUsage(f)
			text, _, _ = strings.Cut(text, "\n")
			value := ""
			if takesValue(f) {
				value = " -r"
			}
			fmt.Fprintf(&b, "complete -c %s -n %s -l %s%s -d %s\n", g.Name, quote("__fish_seen_subcommand_from "+c.Name), f.Name, value, quote(text))
		}
	}
	return b.String()
}

// quote returns text as one word of a shell.
func quote(text string) string {
	return "'" + strings.ReplaceAll(text, "'", `'\''`) + "'"
}
