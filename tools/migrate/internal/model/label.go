package model

import (
	"path"
	"strings"
)

// Explicit returns a label with the name of its target.
func Explicit(label string) string {
	if strings.HasPrefix(strings.TrimLeft(label, "@"), "//") && !strings.Contains(label, ":") {
		return label + ":" + path.Base(label)
	}
	return label
}

// Label returns the absolute form of a label in this file. Labels of other repositories stay.
func (f *File) Label(text string) string {
	text = strings.TrimPrefix(strings.TrimPrefix(text, "@"), "@")
	switch {
	case strings.HasPrefix(text, "//") && !strings.Contains(text, ":"):
		return text + ":" + path.Base(text)
	case strings.HasPrefix(text, "//"):
		return text
	case strings.HasPrefix(text, ":"):
		return "//" + f.Pkg() + text
	}
	return "//" + f.Pkg() + ":" + text
}

// Split returns the package and the name in an absolute label of this repository.
func Split(label string) (pkg, name string) {
	pkg, name, _ = strings.Cut(strings.TrimPrefix(label, "//"), ":")
	return pkg, name
}

// IsExternal reports whether a label names a target of another repository.
func IsExternal(label string) bool {
	return strings.HasPrefix(label, "@") && !strings.HasPrefix(label, "@//") && !strings.HasPrefix(label, "@@//")
}
