package inputs

import (
	"fmt"
	"strings"

	"github.com/rules-strata/rules_strata/tools/internal/layer/tree"
)

// Given is the initial metadata of an input's entries, such as that of archives. The zero value states none.
type Given struct {
	Mode        tree.Mode
	UID, GID    uint32
	User, Group string
}

// ParseGiven reads MODE:UID:GID:USER:GROUP. Each part may be empty, and so may the whole text.
func ParseGiven(text string) (g Given, err error) {
	if text == "" {
		return g, nil
	}
	parts := strings.Split(text, ":")
	if len(parts) != 5 {
		return g, fmt.Errorf("%q: expected MODE:UID:GID:USER:GROUP", text)
	}
	if parts[0] != "" {
		if g.Mode, err = parseMode(parts[0]); err != nil {
			return g, err
		}
	}
	for i, number := range []*uint32{&g.UID, &g.GID} {
		id, ok := parseID(parts[i+1])
		if parts[i+1] != "" && !ok {
			return g, fmt.Errorf("owner %q: expected a decimal number below 4294967296", parts[i+1])
		}
		*number = id
	}
	g.User, g.Group = parts[3], parts[4]
	return g, nil
}

// giveTo applies the metadata to an entry. Symlinks have no mode, and deletion markers have no metadata.
func (g Given) giveTo(e *tree.Entry) {
	switch e.Kind {
	case tree.Whiteout, tree.Opaque:
		return
	case tree.Symlink:
	default:
		e.Mode = g.Mode
	}
	e.UID, e.GID, e.User, e.Group = g.UID, g.GID, g.User, g.Group
}
