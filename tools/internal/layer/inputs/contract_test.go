package inputs

import (
	"testing"

	"github.com/rules-strata/rules_strata/tools/internal/contract"
)

// strip_prefix has the same meaning for files, which the rules move, as for archives.
func TestBelowOfRules(t *testing.T) {
	type place struct {
		Path, Directory string
		Rest            *string
	}
	for _, want := range contract.Cases[place](t, "below") {
		directory := want.Directory
		if directory != "" {
			directory = "/" + directory
		}
		rest, ok := below("/"+want.Path, directory)
		if ok != (want.Rest != nil) || ok && rest != "/"+*want.Rest {
			t.Errorf("%q below %q: got %q, %v", want.Path, want.Directory, rest, ok)
		}
	}
}
