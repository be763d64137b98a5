package check

import (
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/rules-strata/rules_strata/tools/internal/check/rawtar"
)

const (
	// maxNames is how many bytes of names are remembered per tar.
	maxNames = 256 << 20
	// nameCost is the memory for remembering a name, in bytes, in addition to its length.
	nameCost = 64

	// Limits of Linux: anything longer could not be unpacked.
	maxPath    = 4095
	maxSegment = 255

	whiteoutPrefix = ".wh."
	opaqueName     = ".wh..wh..opq"

	// The earliest and the latest time that RFC 3339 can write, in seconds since 1970.
	minTime = -62135596800
	maxTime = 253402300799
)

// entries checks the entries of one tar against each other. It records the type of each path seen so far.
type entries struct {
	report rawtar.Report
	types  map[string]byte
	last   string // the greatest name so far
	cost   int
}

func newEntries(report rawtar.Report) *entries {
	return &entries{report: report, types: make(map[string]byte)}
}

// add checks the next entry. It returns false, after reporting why, if there are too many entries.
func (e *entries) add(h rawtar.Header) bool {
	if !e.afford(h.Name) {
		return false
	}
	e.fields(h)
	if h.Name < e.last {
		e.report(h.Name, ruleEntryOrder, fmt.Sprintf("out of order: it sorts before %q", e.last))
	}
	e.last = max(e.last, h.Name)
	path, problem := cleanName(h.Name, h.Type)
	if problem != "" {
		e.report(h.Name, ruleEntryName, problem)
		return true
	}
	if _, ok := e.types[path]; ok {
		e.report(h.Name, ruleEntryDuplicate, "the path occurs twice")
		return true
	}
	e.parent(path, h.Name)
	e.link(h)
	e.whiteout(path, h)
	e.types[path] = h.Type
	return true
}

// afford subtracts the memory for a name. It returns false, after reporting why, if the limit is exceeded.
func (e *entries) afford(name string) bool {
	if e.cost += len(name) + nameCost; e.cost > maxNames {
		e.report("", rawtar.RuleLimit, fmt.Sprintf("the names need more than %d bytes of memory", maxNames))
		return false
	}
	return true
}

// fields checks the fields that do not depend on other entries.
func (e *entries) fields(h rawtar.Header) {
	if h.Type < rawtar.TypeRegular || h.Type > rawtar.TypeFIFO {
		e.report(h.Name, ruleEntryType, fmt.Sprintf("the type %q is not allowed", h.Type))
	}
	if h.Mode&^0o7777 != 0 {
		e.report(h.Name, ruleEntryMode, fmt.Sprintf("the mode %#o contains more than permission bits", h.Mode))
	}
	if h.ModTime < minTime || h.ModTime > maxTime {
		e.report(h.Name, ruleEntryTime, fmt.Sprintf("the time %d is not in the years 1 to 9999", h.ModTime))
	}
}

// cleanName returns the path that an entry's name stands for, without the trailing "/" of a directory, or describes the
// problem with the name. The root is "./" and has the path ".".
func cleanName(name string, kind byte) (path, problem string) {
	path, slash := strings.CutSuffix(name, "/")
	switch {
	case slash && kind != rawtar.TypeDir:
		return "", "the name ends with \"/\", but the entry is not a directory"
	case !slash && kind == rawtar.TypeDir:
		return "", "the name of a directory must end with \"/\""
	case name == "./":
		return ".", ""
	case path == "":
		return "", "the name is empty"
	case len(path) > maxPath:
		return "", fmt.Sprintf("the name has %d bytes, the limit is %d", len(path), maxPath)
	case !utf8.ValidString(path):
		return "", "the name is not UTF-8"
	}
	for segment := range strings.SplitSeq(path, "/") {
		switch {
		case segment == "" || segment == "." || segment == "..":
			return "", fmt.Sprintf("the name has the part %q", segment)
		case len(segment) > maxSegment:
			return "", fmt.Sprintf("the name has a part of %d bytes, the limit is %d", len(segment), maxSegment)
		}
	}
	return path, ""
}

// split splits a path into its directory, "" for the root, and its name there.
func split(path string) (dir, base string) {
	i := strings.LastIndexByte(path, '/')
	return path[:max(i, 0)], path[i+1:]
}

// parent checks that the directory of the path exists.
func (e *entries) parent(path, name string) {
	dir, _ := split(path)
	if dir == "" {
		return
	}
	switch kind, ok := e.types[dir]; {
	case !ok:
		e.report(name, ruleEntryParent, fmt.Sprintf("no entry %q comes before it", dir+"/"))
	case kind != rawtar.TypeDir:
		e.report(name, ruleEntryBeneath, fmt.Sprintf("%q is not a directory", dir))
	}
}

// link checks the target of a link.
func (e *entries) link(h rawtar.Header) {
	switch h.Type {
	case rawtar.TypeHardlink:
		if kind := e.types[h.Linkname]; kind != rawtar.TypeRegular && kind != rawtar.TypeHardlink {
			e.report(h.Name, ruleEntryLink,
				fmt.Sprintf("it is a hard link to %q, which is not an earlier file of the layer", h.Linkname))
		}
	case rawtar.TypeSymlink:
		if h.Linkname == "" || len(h.Linkname) > maxPath || !utf8.ValidString(h.Linkname) {
			e.report(h.Name, ruleEntryLink, fmt.Sprintf("it is a symlink to %q", h.Linkname))
		}
	default:
		if h.Linkname != "" {
			e.report(h.Name, ruleEntryLink, fmt.Sprintf("it points to %q, but is not a link", h.Linkname))
		}
	}
}

// whiteout checks a deletion marker ("layer.md", section Whiteouts), and that the layer does not contain the path that it
// deletes.
func (e *entries) whiteout(path string, h rawtar.Header) {
	dir, base := split(path)
	if dir != "" {
		dir += "/"
	}
	victim, isWhiteout := strings.CutPrefix(base, whiteoutPrefix)
	if !isWhiteout {
		if _, ok := e.types[dir+whiteoutPrefix+base]; ok {
			e.report(h.Name, ruleEntryWhiteoutConflict, "the layer also deletes it")
		}
		return
	}
	if h.Type != rawtar.TypeRegular || h.Size != 0 {
		e.report(h.Name, ruleEntryWhiteout, "a name that begins with \".wh.\" must be an empty file")
	}
	if base == opaqueName {
		return
	}
	if victim == "" || victim == "." || victim == ".." || strings.HasPrefix(victim, whiteoutPrefix) {
		e.report(h.Name, ruleEntryWhiteout, fmt.Sprintf("it deletes the invalid name %q", victim))
	}
	if _, ok := e.types[dir+victim]; ok {
		e.report(h.Name, ruleEntryWhiteoutConflict, "the layer also contains the deleted path")
	}
}
