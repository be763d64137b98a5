package tree

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// identity is what two names of one file have in common.
type identity struct {
	inode       any
	mode        Mode
	uid, gid    uint32
	user, group string
	seconds     int64
	nanos       int
	xattrs      string
}

func (b *Builder) identity(e *Entry) identity {
	return identity{b.inode(e.Inode), e.Mode, e.UID, e.GID, e.User, e.Group, e.ModTime.Unix(), e.ModTime.Nanosecond(), e.xattrs()}
}

// inode returns which inode stands for all that were united with i.
func (b *Builder) inode(i any) any {
	for to, ok := b.united[i]; ok; to, ok = b.united[i] {
		i = to
	}
	return i
}

// unite notes that both claims of one path are one file, and so are all other names that either has: which claim came
// first does not matter.
func (b *Builder) unite(first, second *Entry) {
	if first.Inode == nil || second.Inode == nil {
		first.Inode = cmp.Or(first.Inode, second.Inode)
		return
	}
	one, other := b.inode(first.Inode), b.inode(second.Inode)
	if one == other {
		return
	}
	if b.united == nil {
		b.united = make(map[any]any)
	}
	b.united[other] = one
}

// xattrs returns the extended attributes as a text that is the same for the same attributes.
func (e *Entry) xattrs() string {
	var b strings.Builder
	for _, name := range slices.Sorted(maps.Keys(e.Xattrs)) {
		fmt.Fprintf(&b, "%q=%q", name, e.Xattrs[name])
	}
	return b.String()
}

// storeOnce turns all names of a file but the first one in the layer's order into hard links to that. A rule may have
// given the names of one file different metadata: names with the same metadata are then one file.
func (b *Builder) storeOnce(all []*Entry) error {
	if b.Link != nil {
		var files []*Entry
		for _, e := range all {
			if e.Kind == File {
				files = append(files, e)
			}
		}
		if err := b.Link(files); err != nil {
			return err
		}
	}
	first := make(map[identity]*Entry)
	for _, e := range all {
		if e.Kind != File || e.Inode == nil {
			continue
		}
		id := b.identity(e)
		if to := first[id]; to != nil {
			e.Kind, e.Target, e.Content, e.Xattrs = Hardlink, to.name, nil, nil
			continue
		}
		first[id] = e
	}
	return nil
}
