package img

import (
	"fmt"
	"slices"
	"strings"

	"github.com/bazelbuild/buildtools/build"

	"github.com/rules-strata/rules_strata/tools/migrate/internal/model"
	"github.com/rules-strata/rules_strata/tools/migrate/internal/starlark/expr"
	"github.com/rules-strata/rules_strata/tools/migrate/internal/starlark/format"
)

// metadata translates default_metadata and file_metadata of an image_layer: values of the function file_metadata become
// entries of modes, owners, owner_names and mtimes.
func metadata(c *model.Call, _ *model.Attr) {
	own := map[string][]string{}
	if a := c.Attr("default_metadata"); a != nil {
		c.Drop(a)
		fileMetadata(c, a, `"**"`, a.Value, own)
	}
	if a := c.Attr("file_metadata"); a != nil {
		c.Drop(a)
		all, ok := a.Value.(*build.DictExpr)
		if !ok {
			c.Refuse(a.Name, "not-literal", "the metadata is not a dictionary", "write modes and owners of an image_layer")
			return
		}
		for _, entry := range all.List {
			fileMetadata(c, a, c.File.Source(entry.Key), entry.Value, own)
		}
	}
	for _, name := range []string{"xattrs", "owners", "owner_names", "mtimes", "modes"} {
		if len(own[name]) > 0 {
			c.AddText(name, "{"+strings.Join(own[name], ", ")+"}")
		}
	}
}

// fileMetadata adds the entries of one path.
func fileMetadata(c *model.Call, a *model.Attr, path string, value build.Expr, own map[string][]string) {
	made, ok := value.(*build.CallExpr)
	if ok {
		ok = fromImg(c.File, made.X, "file_metadata")
	}
	if !ok {
		c.Refuse(a.Name, "not-literal", "the metadata is not a call of file_metadata", "write modes and owners of an image_layer")
		return
	}
	c.Replaced = append(c.Replaced, made.X.(*build.Ident).Name)
	ids := map[string]string{"uid": "0", "gid": "0", "uname": "", "gname": ""}
	set := map[string]bool{}
	for _, arg := range made.List {
		assign, ok := arg.(*build.AssignExpr)
		if !ok {
			c.Refuse(a.Name, "positional", "file_metadata has an argument without a name", "write NAME = VALUE")
			return
		}
		name, text := assign.LHS.(*build.Ident).Name, c.File.Source(assign.RHS)
		set[name] = true
		switch name {
		case "mode":
			own["modes"] = append(own["modes"], path+": "+text)
		case "mtime":
			own["mtimes"] = append(own["mtimes"], path+": "+text)
		case "uid", "gid", "uname", "gname":
			if _, literal := assign.RHS.(*build.LiteralExpr); !literal && strings.HasSuffix(name, "id") {
				c.Refuse(a.Name, "not-literal", "an owner is not a literal", "write owners of an image_layer")
				return
			}
			ids[name] = strings.Trim(text, `"`)
		case "pax_records":
			values, ok := xattrs(assign.RHS)
			if !ok {
				c.Refuse(a.Name, "no-counterpart", "only extended attributes, SCHILY.xattr.NAME, have a counterpart", "write xattrs of an image_layer")
				return
			}
			own["xattrs"] = append(own["xattrs"], path+": "+values)
		default:
			c.Refuse(a.Name, "no-counterpart", name+" has no direct counterpart", "write xattrs of an image_layer")
			return
		}
	}
	if set["uid"] || set["gid"] {
		own["owners"] = append(own["owners"], fmt.Sprintf("%s: %q", path, ids["uid"]+":"+ids["gid"]))
	}
	if set["uname"] || set["gname"] {
		own["owner_names"] = append(own["owner_names"], fmt.Sprintf("%s: %q", path, ids["uname"]+":"+ids["gname"]))
	}
}

// xattrs returns the list of NAME=VALUE for records of a pax header that are extended attributes.
func xattrs(x build.Expr) (string, bool) {
	dict, ok := x.(*build.DictExpr)
	if !ok {
		return "", false
	}
	var all []string
	for _, entry := range dict.List {
		key, _ := expr.KeyOf(entry)
		name, isXattr := strings.CutPrefix(key, "SCHILY.xattr.")
		value, literal := entry.Value.(*build.StringExpr)
		if !isXattr || !literal || strings.HasPrefix(value.Value, "0x") || strings.HasPrefix(value.Value, "0s") {
			return "", false
		}
		all = append(all, format.Quoted(name+"="+value.Value))
	}
	return "[" + strings.Join(all, ", ") + "]", true
}

// fromImg reports whether a file loads a function from rules_img.
func fromImg(f *model.File, x build.Expr, symbol string) bool {
	return slices.ContainsFunc(f.Loads, func(load *build.LoadStmt) bool {
		for i, to := range load.To {
			if model.RulesetOf(load.Module.Value) == "rules_img" && expr.IsNamed(x, to.Name) && load.From[i].Name == symbol {
				return true
			}
		}
		return false
	})
}
