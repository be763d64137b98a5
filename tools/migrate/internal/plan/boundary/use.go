package boundary

import (
	"fmt"
	"slices"

	"github.com/bazelbuild/buildtools/build"

	"github.com/rules-strata/rules_strata/tools/migrate/internal/model"
)

// Use is a place that names a target.
type Use struct {
	File  *model.File
	User  *model.Call // nil outside of calls
	Attr  string
	Value build.Expr
	// Variable is the name of the global variable that is set to the label, or to a list of it.
	Variable string
	// Forwarder is the label of the platform_transition_filegroup that is used, if it is not the target itself.
	Forwarder string
	// Archive is set if the user reads an archive of docker save, and not an image layout.
	Archive bool
	// Digest is set if the user reads the file with the digest, which ours have under the name NAME.digest.
	Digest bool
	// Adapted is set if the user needs an adapter.
	Adapted bool
	// Inside is the label if it is a part of the value, as in $(location LABEL).
	Inside string
}

func (u Use) String() string {
	switch {
	case u.User == nil && u.Value == nil:
		return "an expression in " + u.File.Name
	case u.User == nil:
		start, _ := u.Value.Span()
		return fmt.Sprintf("an expression in %s:%d", u.File.Name, start.Line)
	}
	return u.User.Kind() + " in " + u.User.Where()
}

// Group returns the output group of a use of an image by a filegroup, if image_archive has the same files.
func (u Use) Group() string {
	if u.User == nil {
		return ""
	}
	group, _ := u.User.Text("output_group")
	if u.User.IsFilegroup() && u.Attr == "srcs" && slices.Contains([]string{"oci_layout", "oci_tarball", "digest"}, group) {
		return group
	}
	return ""
}

// IsTarball reports whether a use is a filegroup of the archive of an oci_load.
func (u Use) IsTarball() bool {
	group, _ := u.User.Text("output_group")
	srcs := u.User.Attr("srcs")
	if srcs == nil {
		return false
	}
	list, _ := srcs.Value.(*build.ListExpr)
	return u.User.IsFilegroup() && group == "tarball" && u.Attr == "srcs" && list != nil && len(list.List) == 1
}
