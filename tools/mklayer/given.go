package main

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/rules-strata/rules_strata/tools/internal/layer/tree"
)

// given is metadata that entries have from the start, as those of archives do. The zero value gives nothing.
type given struct {
	mode        tree.Mode
	uid, gid    uint32
	user, group string
}

// parse reads MODE:UID:GID:USER:GROUP. An empty text gives nothing from then on.
func (g *given) parse(text string) error {
	*g = given{}
	if text == "" {
		return nil
	}
	parts := strings.Split(text, ":")
	if len(parts) != 5 {
		return fmt.Errorf("%q: expected MODE:UID:GID:USER:GROUP", text)
	}
	if parts[0] != "" {
		bits, err := parseMode(parts[0])
		if err != nil {
			return err
		}
		g.mode = bits
	}
	for i, number := range []*uint32{&g.uid, &g.gid} {
		if parts[i+1] == "" {
			continue
		}
		n, err := strconv.ParseUint(parts[i+1], 10, 32)
		if err != nil {
			return fmt.Errorf("owner %q: expected a decimal number below 4294967296", parts[i+1])
		}
		*number = uint32(n)
	}
	g.user, g.group = parts[3], parts[4]
	return nil
}

// giveTo gives the metadata to an entry. Symlinks have no mode, and marks of deletions have nothing.
func (g given) giveTo(e *tree.Entry) {
	switch e.Kind {
	case tree.Whiteout, tree.Opaque:
		return
	case tree.Symlink:
	default:
		e.Mode = g.mode
	}
	e.UID, e.GID, e.User, e.Group = g.uid, g.gid, g.user, g.group
}

func parseMode(value string) (tree.Mode, error) {
	bits, err := strconv.ParseUint(value, 8, 32)
	if err != nil || bits > 0o7777 {
		return 0, fmt.Errorf("mode %q: expected an octal number from 0 to 7777", value)
	}
	return tree.Perm(uint32(bits)), nil
}
