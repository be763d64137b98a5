package tree

import (
	"fmt"
	"maps"
	"time"
)

// Rules set metadata for the entries that a pattern selects. If several rules set the same metadata, the last one wins.
//
// A pattern is a path, or a glob: "*", "?" and "[...]" match inside a segment, "**" matches any number of segments. A
// path without an entry is an error when the rules are applied; a glob may match nothing.
type Rules struct {
	rules []rule
}

// rule is one rule. apply returns false if the rule does not apply to entries of that kind.
type rule struct {
	pattern
	what  string
	apply func(p *pattern, e *Entry) bool
}

// Mode sets permission bits. A glob applies only to directories if it ends in "/", and only to files if it does not; a
// path applies to its entry, whatever the kind. Symlinks have no permissions: a glob skips them, as it does devices and
// pipes.
func (r *Rules) Mode(text string, mode Mode) error {
	return r.add("mode", text, func(p *pattern, e *Entry) bool {
		if e.Kind == Symlink || p.literal == "" && !p.dirOnly && e.Kind != File {
			return false
		}
		e.Mode = mode
		e.Implied = e.Implied && p.literal == ""
		return true
	})
}

// Owner sets the owner's ids, for entries of every kind.
func (r *Rules) Owner(text string, uid, gid uint32) error {
	return r.add("owner", text, func(p *pattern, e *Entry) bool {
		e.UID, e.GID = uid, gid
		e.Implied = e.Implied && p.literal == ""
		return true
	})
}

// OwnerName sets the owner's names, for entries of every kind. The ids do not change.
func (r *Rules) OwnerName(text, user, group string) error {
	for _, name := range []string{user, group} {
		if err := checkText(name); err != nil {
			return fmt.Errorf("owner name %q: %w", name, err)
		}
	}
	return r.add("owner name", text, func(_ *pattern, e *Entry) bool {
		e.User, e.Group = user, group
		return true
	})
}

// ModTime sets the modification time, for entries of every kind.
func (r *Rules) ModTime(text string, t time.Time) error {
	return r.add("modification time", text, func(_ *pattern, e *Entry) bool {
		e.ModTime = t
		return true
	})
}

// Xattr sets an extended attribute. It applies to the same entries as Mode: symlinks have no extended attributes. The
// entry's other attributes do not change.
func (r *Rules) Xattr(text, name, value string) error {
	if err := checkXattr(name); err != nil {
		return err
	}
	return r.add("extended attribute", text, func(p *pattern, e *Entry) bool {
		if e.Kind == Symlink || p.literal == "" && !p.dirOnly && e.Kind != File {
			return false
		}
		xattrs := maps.Clone(e.Xattrs)
		if xattrs == nil {
			xattrs = make(map[string]string, 1)
		}
		xattrs[name] = value
		e.Xattrs = xattrs
		return true
	})
}

func (r *Rules) add(what, text string, apply func(*pattern, *Entry) bool) error {
	p, err := parsePattern(text)
	if err != nil {
		return fmt.Errorf("%s pattern %q: %w", what, text, err)
	}
	r.rules = append(r.rules, rule{pattern: p, what: what, apply: apply})
	return nil
}

// applyTo applies the rules to the entries.
func (r *Rules) applyTo(entries []*Entry) error {
	for i := range r.rules {
		rule := &r.rules[i]
		used := false
		for _, e := range entries {
			if e.Kind.isMark() || rule.dirOnly && e.Kind != Dir || !rule.selects(e) {
				continue
			}
			used = rule.apply(&rule.pattern, e) || used
		}
		if !used && rule.literal != "" {
			return rule.unused(entries)
		}
	}
	return nil
}

// selects reports whether the rule is for the entry: for its path, or for its path before symlinks were followed.
func (r *rule) selects(e *Entry) bool {
	return r.matches(e.Path) || e.requested != "" && r.matches(e.requested)
}

// unused returns the reason why a rule for one path did not apply to anything.
func (r *rule) unused(entries []*Entry) error {
	for _, e := range entries {
		switch {
		case e.Path != r.literal:
			continue
		case r.dirOnly:
			return fmt.Errorf("%s %q: the path is a %s (from %s), not a directory", r.what, r.text, e.Kind, e.Origin)
		default:
			return fmt.Errorf("%s %q: the path is a %s (from %s), which has no %[1]s", r.what, r.text, e.Kind, e.Origin)
		}
	}
	return fmt.Errorf("%s %q: the layer has no such path", r.what, r.text)
}
