package tree

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// identity is the inode and metadata that all names of one file share.
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

// inode returns the inode that represents all inodes united with i.
func (b *Builder) inode(i any) any {
	for to, ok := b.united[i]; ok; to, ok = b.united[i] {
		i = to
	}
	return i
}

// unite records that both entries for a path are one file, as are all other names of either, whichever entry came first.
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

// xattrs returns the extended attributes as a text. Equal attributes have equal texts.
func (e *Entry) xattrs() string {
	var b strings.Builder
	for _, name := range slices.Sorted(maps.Keys(e.Xattrs)) {
		fmt.Fprintf(&b, "%q=%q", name, e.Xattrs[name])
	}
	return b.String()
}

// storeOnce turns all names of a file except the first one in the layer's order into hard links to the first. If rules
// gave the names of a file different metadata, only names with the same metadata are one file.
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
