package tree

import (
	"errors"
	"strings"
	"unicode/utf8"
)

// Limits of Linux: an archive may contain a longer path, but no system can unpack it.
const (
	maxPath    = 4095 // bytes in a path
	maxSegment = 255  // bytes between two "/"
)

// The names that mark deletions in a layer (image-spec 1.1, "layer.md", section Whiteouts).
const (
	whiteoutPrefix = ".wh."
	opaqueName     = ".wh..wh..opq"
)

// Clean returns the absolute, clean form of a path in an image: one leading "/", no empty or "." segments, no trailing
// "/". A path that is empty, leaves the root, has a special meaning in image-spec or cannot be unpacked is an error.
func Clean(path string) (string, error) {
	if path == "" {
		return "", errors.New("the path is empty")
	}
	if err := checkText(path); err != nil {
		return "", err
	}
	var segments []string
	length := 0
	for segment := range strings.SplitSeq(path, "/") {
		switch {
		case segment == "" || segment == ".":
			continue
		case segment == "..":
			return "", errors.New(`".." is not allowed in an image path`)
		case strings.HasPrefix(segment, whiteoutPrefix):
			return "", errors.New(`names that start with ".wh." are reserved for whiteouts`)
		case len(segment) > maxSegment:
			return "", errors.New("a name is longer than 255 bytes")
		}
		segments = append(segments, segment)
		length += 1 + len(segment)
	}
	if length == len(path) && path[0] == '/' {
		return path, nil // the common case: it is clean already
	}
	return "/" + strings.Join(segments, "/"), nil
}

// checkText rejects a text that archives and file systems cannot store as a path or a link target.
func checkText(text string) error {
	switch {
	case len(text) > maxPath:
		return errors.New("longer than 4095 bytes")
	case strings.IndexByte(text, 0) >= 0:
		return errors.New("contains a NUL byte")
	case !utf8.ValidString(text):
		return errors.New("not valid UTF-8")
	}
	return nil
}

// parent returns the directory that contains the clean path, or "" for the root.
func parent(path string) string {
	switch i := strings.LastIndexByte(path, '/'); {
	case path == "/":
		return ""
	case i == 0:
		return "/"
	default:
		return path[:i]
	}
}
