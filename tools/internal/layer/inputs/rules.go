package inputs

import (
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/rules-strata/rules_strata/tools/internal/layer/internal/capability"
	"github.com/rules-strata/rules_strata/tools/internal/layer/tree"
)

// capabilities is the extended attribute that holds a file's capabilities.
const capabilities = "security.capability"

// AddMode adds a rule for modes: OCTAL.
func (s *Spec) AddMode(pattern, text string) error {
	mode, err := parseMode(text)
	if err != nil {
		return err
	}
	return s.Rules.Mode(pattern, mode)
}

// AddOwner adds a rule for the numbers of owners: UID:GID.
func (s *Spec) AddOwner(pattern, text string) error {
	user, group, ok := strings.Cut(text, ":")
	uid, okUID := parseID(user)
	gid, okGID := parseID(group)
	if !ok || !okUID || !okGID {
		return fmt.Errorf("owner %q: expected UID:GID, two decimal numbers below 4294967296", text)
	}
	return s.Rules.Owner(pattern, uid, gid)
}

// AddOwnerName adds a rule for the names of owners: USER:GROUP.
func (s *Spec) AddOwnerName(pattern, text string) error {
	user, group, ok := strings.Cut(text, ":")
	if !ok {
		return fmt.Errorf("owner name %q: expected USER:GROUP", text)
	}
	return s.Rules.OwnerName(pattern, user, group)
}

// AddModTime adds a rule for modification times, in the form that ParseTime reads.
func (s *Spec) AddModTime(pattern, text string) error {
	t, err := ParseTime(text)
	if err != nil {
		return err
	}
	return s.Rules.ModTime(pattern, t)
}

// AddXattr adds a rule for an extended attribute: NAME=VALUE. The value is text, hexadecimal after 0x or base64 after 0s,
// as in setfattr; that of security.capability may be text as in setcap.
func (s *Spec) AddXattr(pattern, text string) error {
	name, value, ok := strings.Cut(text, "=")
	if !ok {
		return fmt.Errorf("extended attribute %q: expected NAME=VALUE", text)
	}
	decoded, err := decodeXattr(name, value)
	if err != nil {
		return fmt.Errorf("extended attribute %s: %w", name, err)
	}
	return s.Rules.Xattr(pattern, name, decoded)
}

func decodeXattr(name, text string) (string, error) {
	digits, isHex := strings.CutPrefix(text, "0x")
	encoded, isBase64 := strings.CutPrefix(text, "0s")
	switch {
	case isHex:
		value, err := hex.DecodeString(digits)
		return string(value), err
	case isBase64:
		value, err := base64.StdEncoding.DecodeString(encoded)
		return string(value), err
	case name == capabilities:
		return capability.Parse(text)
	}
	return text, nil
}

// ParseTime reads seconds since 1970 or a time in the format of RFC 3339.
func ParseTime(text string) (time.Time, error) {
	t, err := time.Parse(time.RFC3339, text)
	if seconds, errNumber := strconv.ParseInt(text, 10, 64); errNumber == nil {
		t, err = time.Unix(seconds, 0).UTC(), nil
	}
	switch {
	case err != nil:
		return t, fmt.Errorf("time %q: expected seconds since 1970 or a time like 2006-01-02T15:04:05Z", text)
	case t.Year() < 1 || t.Year() > 9999:
		return t, fmt.Errorf("time %q: expected a year from 1 to 9999", text)
	}
	return t, nil
}

func parseMode(text string) (tree.Mode, error) {
	bits, err := strconv.ParseUint(text, 8, 32)
	if err != nil || bits > 0o7777 {
		return 0, fmt.Errorf("mode %q: expected an octal number from 0 to 7777", text)
	}
	return tree.Perm(uint32(bits)), nil
}

// parseID reads the number of a user or a group.
func parseID(text string) (id uint32, ok bool) {
	n, err := strconv.ParseUint(text, 10, 32)
	return uint32(n), err == nil
}
