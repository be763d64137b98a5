package stamp

import (
	"flag"

	"github.com/rules-strata/rules_strata/tools/internal/cli"
)

// Flags is the flag --status of a tool whose output has stable variables.
type Flags struct{ status cli.Strings }

// Declare declares --status.
func Declare(set *flag.FlagSet) *Flags {
	f := new(Flags)
	set.Var(&f.status, "status",
		"`file` with the stable workspace status, whose variables can be used as {{NAME}}; without it, only defaults apply")
	return f
}

// Scope reads the files.
func (f *Flags) Scope() (Scope, error) {
	values, err := Read(f.status)
	return Scope{Values: values}, err
}
