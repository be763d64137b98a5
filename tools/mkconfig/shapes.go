package main

import (
	"cmp"
	"errors"
	"fmt"
	"path"
	"slices"
	"strconv"
	"strings"

	"github.com/rules-strata/rules_strata/tools/internal/cli"
	"github.com/rules-strata/rules_strata/tools/internal/layer/accounts"
	"github.com/rules-strata/rules_strata/tools/internal/layer/shape"
)

// checkShapes rejects layers whose implied directories would replace something in a lower layer, and returns the
// combined shape of all layers. Layers without a shape are skipped; their programs and accounts are then unknown.
func (o *options) checkShapes() (*shape.Shape, error) {
	var below shape.Shape
	if o.base != "" {
		below.ForgetAccounts() // A shape in an old lock file does not have them.
	}
	if o.base != "" && (len(o.baseShapes) == 0 || o.partial) {
		below.ForgetPrograms()
	}
	for _, path := range o.baseShapes {
		s, err := shape.Read(path)
		if err != nil {
			return nil, err
		}
		below.Put(s) // the base was checked when it was built
	}
	for number, layer := range o.layers {
		if layer.shape == "" {
			below.ForgetPrograms()
			below.ForgetAccounts()
			continue
		}
		s, err := shape.Read(layer.shape)
		if err != nil {
			return nil, err
		}
		if clashes := below.Put(s); clashes != nil {
			return nil, refuse(fmt.Sprintf("layer %d (%s)", number+1, layer.descriptor), clashes)
		}
	}
	return &below, nil
}

// refuse lists everything that a layer would replace, and how to fix it.
func refuse(layer string, clashes []shape.Clash) error {
	var all []error
	moves := ""
	for _, c := range clashes {
		all = append(all, fmt.Errorf("%s: %s", layer, c))
		if c.Target != "" && moves == "" {
			moves = fmt.Sprintf("put the contents of %s into %s; or ", c.Path, c.Instead())
		}
	}
	return cli.Hint(errors.Join(all...), "%sset over to the image's base in the layer; or state the path there: %s", moves,
		shape.Fix(clashes))
}

// checkUser rejects an image whose user certainly does not exist, or cannot enter a directory on the path to the program.
func checkUser(p process, layers *shape.Shape) error {
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
			return cli.Hint(fmt.Errorf("user %s cannot enter the directory %s, which has %s", user, dir, d),
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
	return cli.Hint(err, "add it with image_users(%ss = [\"%s:x:ID\"]), or set its ID instead of its name", kind, name)
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
