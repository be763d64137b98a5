package accounts

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// row is a line of passwd or group.
type row struct {
	name    string
	id      uint32
	group   uint32   // of a user
	home    string   // of a user
	members []string // of a group
	text    string
}

func userRow(u User) row {
	return row{name: u.Name, id: u.UID, group: u.GID, home: u.Home, text: u.String()}
}

func groupRow(g Group) row { return row{name: g.Name, id: g.GID, members: g.Members, text: g.String()} }

// table is a passwd or a group file in the making.
type table struct {
	kind   string              // "user" or "group"
	base   []byte              // the file of the base
	byName map[string]row      // its rows; the first one of a name
	byID   map[uint32]row      // the first one of an ID
	added  []row               // new rows
	joined map[string][]string // members that groups of the base get
	errs   []error
}

func newTable(kind string, base []byte) *table {
	t := &table{
		kind: kind, base: base,
		byName: make(map[string]row), byID: make(map[uint32]row), joined: make(map[string][]string),
	}
	for line := range strings.Lines(string(base)) {
		name, id, ok := nameOf(line)
		if !ok {
			continue
		}
		r := row{name: name, id: id, text: strings.TrimRight(line, "\n")}
		if fields := strings.Split(r.text, ":"); len(fields) == 4 && fields[3] != "" {
			r.members = strings.Split(fields[3], ",")
		}
		if _, twice := t.byName[name]; !twice {
			t.byName[name] = r
		}
		if _, twice := t.byID[id]; !twice {
			t.byID[id] = r
		}
	}
	return t
}

func (t *table) fail(format string, args ...any) {
	t.errs = append(t.errs, fmt.Errorf(t.kind+" "+format, args...))
}

// add adds a row, unless the base has the same one.
func (t *table) add(r row) {
	for _, other := range t.added {
		switch {
		case other.name == r.name:
			t.fail("%s is stated twice: %q and %q", r.name, other.text, r.text)
			return
		case other.id == r.id:
			t.fail("%s has the ID %d of %s: %q and %q", r.name, r.id, other.name, other.text, r.text)
			return
		}
	}
	other, sameName := t.byName[r.name]
	owner, sameID := t.byID[r.id]
	switch {
	case sameName && other.text == r.text:
	case sameName && t.kind == "group" && other.id == r.id:
		t.join(other, r)
	case sameName:
		t.fail("%s is different in the base image: %q, here %q", r.name, other.text, r.text)
	case sameID:
		t.fail("%s has the ID %d of %s in the base image: %q, here %q", r.name, r.id, owner.name, owner.text, r.text)
	default:
		t.added = append(t.added, r)
	}
}

// join adds the members of r to the same group of the base.
func (t *table) join(base, r row) {
	for _, member := range r.members {
		if !slices.Contains(base.members, member) {
			t.joined[r.name] = append(t.joined[r.name], member)
		}
	}
}

// addDefault adds a row that files without a base have, unless its name or its ID is used.
func (t *table) addDefault(r row) {
	if t.base == nil && !slices.ContainsFunc(t.added, func(o row) bool { return o.name == r.name || o.id == r.id }) {
		t.added = append(t.added, r)
	}
}

// provide ensures that the group of a user exists. The user's own group, with the same name and ID, is added.
func (t *table) provide(user row) {
	_, inBase := t.byID[user.group]
	if inBase || slices.ContainsFunc(t.added, func(g row) bool { return g.id == user.group }) {
		return
	}
	own := groupRow(Group{Name: user.name, GID: user.group})
	taken := slices.ContainsFunc(t.added, func(g row) bool { return g.name == own.name })
	if base, inBase := t.byName[own.name]; inBase || taken || user.group != user.id {
		t.errs = append(t.errs, fmt.Errorf("user %s: no group has the ID %d%s: %q", user.name, user.group,
			differs(base, inBase), user.text))
		return
	}
	t.added = append(t.added, own)
}

func differs(base row, inBase bool) string {
	if inBase {
		return fmt.Sprintf(", and the group %s of the base image has the ID %d", base.name, base.id)
	}
	return ""
}

// checkMembers checks that the new members of groups are users.
func (t *table) checkMembers(users *table) {
	known := func(name string) bool {
		_, inBase := users.byName[name]
		return inBase || slices.ContainsFunc(users.added, func(u row) bool { return u.name == name })
	}
	for _, g := range t.added {
		t.checkEach(g.name, g.members, known)
	}
	for _, name := range slices.Sorted(maps.Keys(t.joined)) {
		t.checkEach(name, t.joined[name], known)
	}
}

func (t *table) checkEach(group string, members []string, known func(string) bool) {
	for _, member := range members {
		if !known(member) {
			t.fail("%s: the member %q is not a user", group, member)
		}
	}
}

// sort sorts the new rows by ID.
func (t *table) sort() {
	slices.SortFunc(t.added, func(a, b row) int { return cmp.Compare(a.id, b.id) })
}

// data returns the file.
func (t *table) data() []byte {
	return addLines(addMembers(t.base, t.joined), t.added, func(r row) string { return r.text })
}

// addMembers adds members to groups in a group or gshadow file, whose last field has them.
func addMembers(file []byte, joined map[string][]string) []byte {
	if len(joined) == 0 {
		return file
	}
	var b strings.Builder
	seen := make(map[string]bool)
	for line := range strings.Lines(string(file)) {
		text := strings.TrimRight(line, "\n")
		name, _, _ := strings.Cut(text, ":")
		if more := joined[name]; more != nil && !seen[name] && strings.Count(text, ":") == 3 {
			seen[name] = true
			if !strings.HasSuffix(text, ":") {
				text += ","
			}
			text += strings.Join(more, ",")
		}
		b.WriteString(text + "\n")
	}
	return []byte(b.String())
}

// addLines adds a line for each row to a file.
func addLines(file []byte, rows []row, line func(row) string) []byte {
	var b strings.Builder
	b.Write(file)
	if len(file) > 0 && file[len(file)-1] != '\n' {
		b.WriteByte('\n')
	}
	for _, r := range rows {
		b.WriteString(line(r) + "\n")
	}
	return []byte(b.String())
}
