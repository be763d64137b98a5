package guest

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"iter"
	"slices"
	"strconv"
	"strings"
)

// MaxAccounts is the maximum size of /etc/passwd and of /etc/group in bytes.
const MaxAccounts = 16 << 20

// identity is who runs the process.
type identity struct {
	uid, gid uint32
	groups   []uint32
	home     string
}

// identity resolves the User of an image's config, "USER", "USER:GROUP" or empty, by the rules of image-spec: without a
// group the user's own groups apply, with a group only that one. A number is always an ID, even if a user or a group has it
// as a name. A user who is not in /etc/passwd, but is given by number, has the group 0 and the home directory "/".
func (a Accounts) identity(spec string) (identity, error) {
	for _, file := range []struct {
		name string
		data []byte
	}{{"/etc/passwd", a.Passwd}, {"/etc/group", a.Group}} {
		if len(file.data) > MaxAccounts {
			return identity{}, fmt.Errorf("%s: larger than %d bytes", file.name, MaxAccounts)
		}
	}
	user, group, _ := strings.Cut(spec, ":")
	if user == "" {
		user = "0"
	}
	id, name, err := a.user(user)
	if err != nil {
		return identity{}, err
	}
	if group != "" {
		id.gid, err = a.group(group)
		return id, err
	}
	id.groups, err = a.groupsOf(name)
	return id, err
}

// user resolves a user. The name is empty if the user is not in /etc/passwd.
func (a Accounts) user(user string) (id identity, name string, err error) {
	uid, isNumber, err := number(user)
	if err != nil {
		return identity{}, "", err
	}
	for line, fields := range records(a.Passwd, 6) {
		found, ok := parseID(fields[2])
		if isNumber && (!ok || found != uid) || !isNumber && fields[0] != user {
			continue
		}
		if !ok {
			return identity{}, "", fmt.Errorf("/etc/passwd: line %d: invalid user ID %q", line, fields[2])
		}
		gid, ok := parseID(fields[3])
		if !ok {
			return identity{}, "", fmt.Errorf("/etc/passwd: line %d: invalid group ID %q", line, fields[3])
		}
		return identity{uid: found, gid: gid, home: cmp.Or(fields[5], "/")}, fields[0], nil
	}
	switch {
	case isNumber:
		return identity{uid: uid, home: "/"}, "", nil
	case a.Passwd == nil:
		return identity{}, "", errors.New("the image has no /etc/passwd; state the user by number")
	default:
		return identity{}, "", fmt.Errorf("%q is not in the image's /etc/passwd; add it there, or state the user by number", user)
	}
}

// group resolves a group.
func (a Accounts) group(group string) (uint32, error) {
	gid, isNumber, err := number(group)
	if isNumber || err != nil {
		return gid, err
	}
	for line, fields := range records(a.Group, 3) {
		if fields[0] == group {
			return groupID(line, fields)
		}
	}
	if a.Group == nil {
		return 0, fmt.Errorf("group %q: the image has no /etc/group; state the group by number", group)
	}
	return 0, fmt.Errorf("group %q is not in the image's /etc/group; add it there, or state the group by number", group)
}

// groupsOf returns the groups that list a user as a member, in the order of the file.
func (a Accounts) groupsOf(name string) ([]uint32, error) {
	if name == "" {
		return nil, nil
	}
	var groups []uint32
	seen := make(map[uint32]bool)
	for line, fields := range records(a.Group, 4) {
		if !slices.Contains(strings.Split(fields[3], ","), name) {
			continue
		}
		gid, err := groupID(line, fields)
		if err != nil {
			return nil, err
		}
		if !seen[gid] {
			seen[gid] = true
			groups = append(groups, gid)
		}
	}
	return groups, nil
}

func groupID(line int, fields []string) (uint32, error) {
	gid, ok := parseID(fields[2])
	if !ok {
		return 0, fmt.Errorf("/etc/group: line %d: invalid group ID %q", line, fields[2])
	}
	return gid, nil
}

// records yields the lines of an account file that have at least n fields and a name, and their numbers, counted from 1.
func records(data []byte, n int) iter.Seq2[int, []string] {
	return func(yield func(int, []string) bool) {
		number := 0
		for line := range bytes.Lines(data) {
			number++
			fields := strings.Split(strings.TrimSpace(string(line)), ":")
			if len(fields) >= n && fields[0] != "" && !yield(number, fields) {
				return
			}
		}
	}
}

// number parses a user or a group that is stated by number. It is one if it consists of digits.
func number(text string) (id uint32, isNumber bool, err error) {
	if !isDigits(text) {
		return 0, false, nil
	}
	id, ok := parseID(text)
	if !ok {
		return 0, true, fmt.Errorf("%s is larger than the largest ID of Linux, %d", text, uint32(noID-1))
	}
	return id, true, nil
}

// parseID parses a user or group ID.
func parseID(text string) (id uint32, ok bool) {
	n, err := strconv.ParseUint(text, 10, 32)
	return uint32(n), err == nil && n != noID
}
