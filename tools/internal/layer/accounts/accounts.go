// Package accounts reads and makes the files that list users and groups: passwd(5), group(5), shadow(5) and gshadow(5).
//
// A [Database] is made of lines, as users write them and as a base image has them. Lines of a base stay as they are, and in
// their order: images have lines that no program would write today. New lines are checked: names, numbers, and conflicts
// with each other and with those of the base.
//
// [Names] is what a config needs to know about such a file.
//
// Non-goals: passwords, and the files of a running system.
package accounts

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/rules-strata/rules_strata/tools/internal/pattern"
)

// The files.
const (
	PasswdPath  = "/etc/passwd"
	GroupPath   = "/etc/group"
	ShadowPath  = "/etc/shadow"
	GShadowPath = "/etc/gshadow"
)

// MaxSize is the maximum size of a file of accounts, in bytes.
const MaxSize = 4 << 20

// maxID is the highest ID. The next one, -1 in 32 bits, means "no change" in system calls.
const maxID = 1<<32 - 2

// Defaults of a user's line.
const (
	noShell = "/sbin/nologin"
	noHome  = "/nonexistent"
)

// User is a line of passwd.
type User struct {
	Name     string
	UID, GID uint32
	Gecos    string
	Home     string
	Shell    string
}

// String returns the line.
func (u User) String() string {
	return fmt.Sprintf("%s:x:%d:%d:%s:%s:%s", u.Name, u.UID, u.GID, u.Gecos, u.Home, u.Shell)
}

// Group is a line of group.
type Group struct {
	Name    string
	GID     uint32
	Members []string
}

// String returns the line.
func (g Group) String() string {
	return fmt.Sprintf("%s:x:%d:%s", g.Name, g.GID, strings.Join(g.Members, ","))
}

// validName matches the portable user names of POSIX (XBD 3.436), of at most 32 characters as utmp(5) stores them, that
// cannot be mistaken for a number.
var validName = pattern.New(`^[A-Za-z_][A-Za-z0-9._-]{0,30}([A-Za-z0-9._-]|\$)?$`)

// ParseUser parses a line of passwd. Trailing fields may be missing, and fields may be empty: the group ID is then the user
// ID, the home directory /home/NAME, and the shell /sbin/nologin.
func ParseUser(line string) (User, error) {
	fields, err := split(line, 3, 7, "NAME:x:UID:GID:GECOS:HOME:SHELL")
	if err != nil {
		return User{}, err
	}
	u := User{Name: fields[0], Gecos: fields[4], Home: fields[5], Shell: fields[6]}
	if u.UID, err = parseID(fields[2]); err != nil {
		return User{}, err
	}
	u.GID = u.UID
	if fields[3] != "" {
		if u.GID, err = parseID(fields[3]); err != nil {
			return User{}, err
		}
	}
	if u.Home == "" {
		u.Home = "/home/" + u.Name
	}
	if u.Shell == "" {
		u.Shell = noShell
	}
	for _, path := range []string{u.Home, u.Shell} {
		if !strings.HasPrefix(path, "/") {
			return User{}, fmt.Errorf("%q is not an absolute path", path)
		}
	}
	return u, nil
}

// ParseGroup parses a line of group. The members may be missing.
func ParseGroup(line string) (Group, error) {
	fields, err := split(line, 3, 4, "NAME:x:GID:MEMBER,...")
	if err != nil {
		return Group{}, err
	}
	g := Group{Name: fields[0]}
	if g.GID, err = parseID(fields[2]); err != nil {
		return Group{}, err
	}
	if fields[3] == "" {
		return g, nil
	}
	g.Members = strings.Split(fields[3], ",")
	for n, member := range g.Members {
		if slices.Contains(g.Members[:n], member) {
			return Group{}, fmt.Errorf("%s is a member twice", member)
		}
	}
	return g, nil
}

// split splits a line into its fields, of which the first is the name and the second stands for a password.
func split(line string, least, most int, format string) ([]string, error) {
	for _, c := range line {
		if c < ' ' || c == 0x7f || c == '\ufffd' {
			return nil, fmt.Errorf("the character %q is not allowed", c)
		}
	}
	fields := strings.Split(line, ":")
	if len(fields) < least || len(fields) > most {
		return nil, fmt.Errorf("%d fields, expected %d to %d: %s", len(fields), least, most, format)
	}
	if !validName().MatchString(fields[0]) {
		return nil, fmt.Errorf("%q is not a valid name: expected at most 32 letters, digits and the characters %q, the first "+
			"one a letter or _", fields[0], "._-")
	}
	if fields[1] != "x" {
		return nil, fmt.Errorf("the field after the name is %q, expected x: the accounts of an image have no passwords", fields[1])
	}
	return append(fields, make([]string, most-len(fields))...), nil
}

func parseID(text string) (uint32, error) {
	id, err := strconv.ParseUint(text, 10, 64)
	if err != nil || id > maxID || strconv.FormatUint(id, 10) != text {
		return 0, fmt.Errorf("%q is not an ID: expected a number from 0 to %d", text, uint32(maxID))
	}
	return uint32(id), nil
}
