package fit

import (
	"cmp"
	"fmt"
	"path"
	"slices"
	"strconv"
	"strings"

	"github.com/rules-strata/rules_strata/tools/internal/layer/accounts"
	"github.com/rules-strata/rules_strata/tools/internal/layer/shape"
	"github.com/rules-strata/rules_strata/tools/internal/message"
)

// CheckUser rejects an image whose user certainly does not exist, or cannot enter a directory on the path to the program.
func (p Process) CheckUser(layers *shape.Shape) error {
	if p.os == "windows" {
		return nil
	}
	user, group, _ := strings.Cut(p.User, ":")
	if err := checkName("group", group, accounts.GroupPath, layers.Groups, layers); err != nil {
		return err
	}
	if err := checkName("user", user, accounts.PasswdPath, layers.Users, layers); err != nil {
		return err
	}
	uid := idOf(user, layers.Users)
	if user == "" || user == "root" || uid == 0 {
		return nil
	}
	for _, dir := range way(p.command()) {
		if d, ok := layers.Dirs[dir]; ok && d.Bars(uid) {
			return message.Hint(fmt.Errorf("user %s cannot enter the directory %s, which has %s", user, dir, d),
				"give it another mode or owner in the layer that has it: modes = {%q: \"0755\"}", dir)
		}
	}
	return nil
}

// checkName rejects the name of a user or a group that the file at path, whose names are known, does not have.
func checkName(kind, name, path string, names accounts.Names, layers *shape.Shape) error {
	_, isKnown := names[name]
	if isKnown || name == "" || name == "root" || slices.Contains(layers.Unread, path) {
		return nil
	}
	if _, err := strconv.ParseUint(name, 10, 32); err == nil {
		return nil
	}
	err := fmt.Errorf("%s %s is unknown: the image has no %s", kind, name, path)
	if names != nil {
		err = fmt.Errorf("%s %s is not in %s of the image, which has %s", kind, name, path, cmp.Or(names.String(), "no names"))
	}
	return message.Hint(err, "add it with image_users(%ss = [\"%s:x:ID\"]), or set its ID instead of its name", kind, name)
}

// idOf returns the ID of a user: a number, or a known name. It is -1 for other names.
func idOf(user string, users accounts.Names) int64 {
	if id, ok := users[user]; ok {
		return int64(id)
	}
	uid, err := strconv.ParseInt(user, 10, 64)
	if err != nil {
		return -1
	}
	return uid
}

// way returns the directories that lead to the program of a command line, starting at the root.
func way(command []string) []string {
	dirs := []string{"/"}
	if len(command) == 0 || !path.IsAbs(command[0]) {
		return dirs
	}
	program := path.Clean(command[0])
	for i := 1; i < len(program); i++ {
		if program[i] == '/' {
			dirs = append(dirs, program[:i])
		}
	}
	return dirs
}
