package conda

import (
	"fmt"
	"path"

	"github.com/rules-strata/rules_strata/tools/internal/pattern"
)

// maxPrefix is the greatest length of a prefix, in bytes. Placeholders in binaries have 255 bytes, of which programs may
// need some for themselves.
const maxPrefix = 200

// prefixText matches prefixes that need no quoting in the first line of a script, nor in a shell.
var prefixText = pattern.New(`^/[A-Za-z0-9._+@/-]+$`)

// CheckPrefix rejects a prefix that packages cannot be installed to.
func CheckPrefix(prefix string) error {
	switch {
	case len(prefix) > maxPrefix:
		return fmt.Errorf("%q: %d bytes, the limit is %d: it must fit into the packages' placeholders",
			prefix, len(prefix), maxPrefix)
	case !prefixText().MatchString(prefix) || path.Clean(prefix) != prefix:
		return fmt.Errorf("%q: expected an absolute, clean path of letters, digits and \"._+@-\", such as /opt/conda", prefix)
	}
	return nil
}
