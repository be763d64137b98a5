package shape

import (
	"slices"

	"github.com/rules-strata/rules_strata/tools/internal/layer/accounts"
	"github.com/rules-strata/rules_strata/tools/internal/layer/tree"
)

// accountsDir is the directory of the files of accounts.
const accountsDir = "/etc"

// names returns the field for a file of accounts, or nil for any other path.
func (s *Shape) names(path string) *accounts.Names {
	switch path {
	case accounts.PasswdPath:
		return &s.Users
	case accounts.GroupPath:
		return &s.Groups
	}
	return nil
}

// Know records the names in a file of accounts.
func (s *Shape) Know(path string, names accounts.Names) {
	*s.names(path) = names
	s.Unread = slices.DeleteFunc(s.Unread, func(unread string) bool { return unread == path })
}

// Forget records that a file of accounts may exist, and that its names are unknown.
func (s *Shape) Forget(path string) {
	*s.names(path) = nil
	if !slices.Contains(s.Unread, path) {
		s.Unread = append(s.Unread, path)
	}
}

// ForgetAccounts is Forget for all files of accounts.
func (s *Shape) ForgetAccounts() {
	s.Forget(accounts.PasswdPath)
	s.Forget(accounts.GroupPath)
}

// findAccounts finds the files of accounts among the entries of a layer. Know adds their names.
func (s *Shape) findAccounts(entries []*tree.Entry) {
	for _, e := range entries {
		switch {
		case e.Kind == tree.Whiteout || e.Kind == tree.Opaque || e.Kind == tree.Dir:
		case e.Path == accountsDir:
			s.ForgetAccounts()
		case s.names(e.Path) != nil:
			s.Forget(e.Path)
		}
	}
}

// putAccounts puts the accounts of a layer on top of the stack s. hidden reports whether the layer removes or replaces a path.
func (s *Shape) putAccounts(layer *Shape, hidden func(path string) bool) {
	for _, path := range []string{accounts.PasswdPath, accounts.GroupPath} {
		if hidden(path) {
			s.Know(path, nil)
		}
		if names := *layer.names(path); names != nil {
			s.Know(path, names)
		}
		if slices.Contains(layer.Unread, path) {
			s.Forget(path)
		}
	}
}
