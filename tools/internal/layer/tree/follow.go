package tree

import (
	"errors"
	"fmt"
	"maps"
	"strings"
)

// maxLinks is the maximum number of symlinks that one path may lead through, as in Linux.
const maxLinks = 40

var errLoop = errors.New("the symlinks in the path form a loop")

// follow moves the entries that follow symlinks to where the symlinks of the layer lead. That may move a symlink itself:
// paths that lead through it are then resolved again. If the layers below have symlinks, all entries follow those and the
// ones of the layer.
func follow(entries []*Entry, below map[string]string) error {
	var movable []*Entry
	for _, e := range entries {
		if e.Follow || len(below) > 0 {
			movable = append(movable, e)
		}
	}
	for moved, round := len(movable) > 0, 0; moved; round++ {
		links := maps.Clone(below)
		if links == nil {
			links = make(map[string]string)
		}
		for _, e := range entries {
			switch {
			case e.Kind == Symlink:
				links[e.Path] = e.Target
			case e.Kind != Opaque && !e.Implied && !e.Follow:
				delete(links, e.Path)
			}
		}
		moved = false
		for _, e := range movable {
			path, err := Resolve(links, e.Path, e.through())
			if err == nil && round == maxLinks {
				err = errLoop
			}
			if err != nil {
				return fmt.Errorf("%s (from %s): %w", e.Path, e.Origin, err)
			}
			if path != e.Path && e.requested == "" {
				e.requested = e.Path
			}
			moved = moved || path != e.Path && e.Kind == Symlink
			e.Path = path
		}
	}
	return nil
}

// through reports whether the entry goes to the target of a symlink at its path, instead of replacing the symlink.
func (e *Entry) through() bool { return e.Kind == Dir && (e.Follow || e.Implied) || e.Kind == Opaque }

// Resolve returns where the clean path leads through symlinks, by their paths. The last part of the path is looked up only if
// last is set.
func Resolve(links map[string]string, path string, last bool) (string, error) {
	done, rest := "", strings.Split(path[1:], "/")
	for hops := 0; len(rest) > 0; {
		name := rest[0]
		rest = rest[1:]
		switch name {
		case "", ".":
			continue
		case "..":
			done = done[:max(strings.LastIndexByte(done, '/'), 0)]
			continue
		}
		target, isLink := links[done+"/"+name]
		if !isLink || len(rest) == 0 && !last {
			done += "/" + name
			continue
		}
		if hops++; hops > maxLinks {
			return "", errLoop
		}
		if strings.HasPrefix(target, "/") {
			done = ""
		}
		rest = append(strings.Split(target, "/"), rest...)
	}
	if done == "" {
		return "/", nil
	}
	return Clean(done)
}
