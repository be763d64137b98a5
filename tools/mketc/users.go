package main

import (
	"context"
	"flag"
	"strconv"

	"github.com/rules-strata/rules_strata/tools/internal/cli"
	"github.com/rules-strata/rules_strata/tools/internal/cli/imageflags"
	"github.com/rules-strata/rules_strata/tools/internal/layer/accounts"
	"github.com/rules-strata/rules_strata/tools/internal/layer/tree"
	"github.com/rules-strata/rules_strata/tools/internal/rootfs"
)

var usersCommand = cli.Command{
	Name:    "users",
	Summary: "write passwd, group, shadow and home directories",
	Details: `
--user is a line of passwd, NAME:x:UID:GID:GECOS:HOME:SHELL. Fields after UID may be empty or missing; the defaults are the user
ID, nothing, /home/NAME and /sbin/nologin. --group is a line of group, NAME:x:GID:MEMBER,... Groups of the same name and ID as a
user need not be listed. Files without a base have root and nobody in any case.`,
	Required: []string{"output"},
	New:      newUsers,
}

// modes are the modes of the files without a base. Only the group shadow may read passwords.
var modes = map[string]uint32{
	accounts.PasswdPath: 0o644, accounts.GroupPath: 0o644, accounts.ShadowPath: 0o640, accounts.GShadowPath: 0o640,
}

// users is a parsed command line.
type users struct {
	request  accounts.Request
	homes    bool
	homeMode uint32
	base     *imageflags.Flags
	output   string
}

func newUsers(flags *flag.FlagSet) cli.Work {
	u := users{base: imageflags.Declare(flags), homeMode: 0o700}
	cli.Each(flags, "user", "`line` of passwd", func(line string) error {
		user, err := accounts.ParseUser(line)
		u.request.Users = append(u.request.Users, user)
		return err
	})
	cli.Each(flags, "group", "`line` of group", func(line string) error {
		group, err := accounts.ParseGroup(line)
		u.request.Groups = append(u.request.Groups, group)
		return err
	})
	flags.BoolVar(&u.request.Shadow, "shadow", false, "write a shadow file without passwords, even if the base has none")
	flags.BoolVar(&u.homes, "homes", false, "make the home directories of new users, except directories of the system")
	flags.Func("home-mode", "permissions of home directories, `octal` (default 0700)", func(text string) error {
		bits, err := strconv.ParseUint(text, 8, 32)
		if err != nil || bits > 0o7777 {
			return cli.Usage("%q: expected an octal number from 0 to 7777", text)
		}
		u.homeMode = uint32(bits)
		return nil
	})
	flags.StringVar(&u.output, "output", "", "`file` to write the tar to")
	return func(ctx context.Context, _ cli.Streams) error { return u.run(ctx) }
}

func (u *users) run(ctx context.Context) error {
	from, err := readBase(ctx, u.base)
	if err != nil {
		return err
	}
	places := make(map[string]rootfs.Entry)
	u.request.Base = make(map[string][]byte)
	for path := range modes {
		at, data, err := from.read(ctx, path, accounts.MaxSize)
		if err != nil {
			return err
		}
		if data != nil {
			places[path], u.request.Base[path] = at, data
		}
	}
	made, err := accounts.Make(u.request)
	if err != nil {
		return err
	}
	var entries []tree.Entry
	for path, data := range made.Files {
		e := file(path, modes[path], data)
		if at, ok := places[path]; ok {
			e = entry(at, data)
		}
		entries = append(entries, e)
	}
	if u.homes {
		for _, home := range made.Homes {
			entries = append(entries, tree.Entry{
				Path: home.Path, Kind: tree.Dir, Mode: tree.Perm(u.homeMode), UID: home.UID, GID: home.GID, Origin: home.Path,
			})
		}
	}
	return write(ctx, u.output, entries)
}
