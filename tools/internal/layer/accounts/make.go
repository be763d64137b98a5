package accounts

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// Request states which accounts an image has.
type Request struct {
	// Users and Groups are new ones. The group of a user may be missing if it has the user's name and ID, and no members.
	Users  []User
	Groups []Group
	// Shadow requests a shadow file. If the base has one, new users are added to it in any case.
	Shadow bool
	// Base has the files of the base image, path -> content, without those that the base lacks.
	Base map[string][]byte
}

// nogroup is the ID of nobody and of its group.
const nogroup = 65534

// Result is the files, path -> content, and the homes of the users that the base lacks.
type Result struct {
	Files map[string][]byte
	Homes []Home
}

// Make makes the files. A passwd or a group file that the base lacks also gets root and nobody. The error lists all conflicts.
func Make(r Request) (*Result, error) {
	users, groups := newTable("user", r.Base[PasswdPath]), newTable("group", r.Base[GroupPath])
	for _, u := range r.Users {
		users.add(userRow(u))
	}
	for _, g := range r.Groups {
		groups.add(groupRow(g))
	}
	users.addDefault(userRow(User{Name: "root", Gecos: "root", Home: "/root", Shell: noShell}))
	users.addDefault(userRow(User{Name: "nobody", UID: nogroup, GID: nogroup, Gecos: "nobody", Home: noHome, Shell: noShell}))
	groups.addDefault(groupRow(Group{Name: "root"}))
	groups.addDefault(groupRow(Group{Name: "nogroup", GID: nogroup}))
	users.sort()
	for _, u := range users.added {
		groups.provide(u)
	}
	groups.sort()
	groups.checkMembers(users)
	all, err := homes(users.added)
	if err := errors.Join(append(users.errs, append(groups.errs, err)...)...); err != nil {
		return nil, err
	}
	files := map[string][]byte{PasswdPath: users.data(), GroupPath: groups.data()}
	if shadow := r.Base[ShadowPath]; shadow != nil || r.Shadow {
		files[ShadowPath] = addLines(shadow, users.added, func(u row) string { return u.name + ":*:::::::" })
	}
	if shadow := r.Base[GShadowPath]; shadow != nil {
		shadow = addMembers(shadow, groups.joined)
		files[GShadowPath] = addLines(shadow, groups.added, func(g row) string {
			return g.name + ":!::" + strings.Join(g.members, ",")
		})
	}
	return &Result{files, all}, nil
}

// Home is the home directory of a new user.
type Home struct {
	Path     string
	UID, GID uint32
}

// homes returns the homes of users, except directories of the system, such as /usr/sbin, which do not belong to the user.
func homes(users []row) ([]Home, error) {
	owners := make(map[string]row)
	var all []Home
	var errs []error
	for _, u := range users {
		if slices.Contains(systemDirs, u.home) {
			continue
		}
		if other, twice := owners[u.home]; twice {
			errs = append(errs, fmt.Errorf("users %s and %s have the same home directory, %s", other.name, u.name, u.home))
			continue
		}
		owners[u.home] = u
		all = append(all, Home{u.home, u.id, u.group})
	}
	return all, errors.Join(errs...)
}

// systemDirs are the directories of hier(7) that passwd files have as homes, and paths that mean "none".
var systemDirs = []string{
	"/", "/bin", "/boot", "/dev", "/dev/null", "/etc", "/home", "/lib", "/mnt", "/nonexistent", "/opt", "/proc", "/run", "/sbin",
	"/srv", "/sys", "/tmp", "/usr", "/usr/bin", "/usr/games", "/usr/lib", "/usr/local", "/usr/sbin", "/usr/share", "/var",
	"/var/cache", "/var/empty", "/var/lib", "/var/log", "/var/run", "/var/spool", "/var/tmp",
}
