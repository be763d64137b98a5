package main

import (
	"bufio"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/bazelbuild/buildtools/build"
)

// metadata translates default_metadata and file_metadata of an image_layer: values of the function file_metadata become
// entries of modes, owners, owner_names and mtimes.
func metadata(c *call, _ *attr) {
	own := map[string][]string{}
	if a := c.attr("default_metadata"); a != nil {
		c.drop(a)
		c.fileMetadata(a, `"**"`, a.value, own)
	}
	if a := c.attr("file_metadata"); a != nil {
		c.drop(a)
		all, ok := a.value.(*build.DictExpr)
		if !ok {
			c.refuse(a.name, "not-literal", "the metadata is not a dictionary", "write modes and owners of an image_layer")
			return
		}
		for _, entry := range all.List {
			c.fileMetadata(a, c.file.source(entry.Key), entry.Value, own)
		}
	}
	for _, name := range []string{"xattrs", "owners", "owner_names", "mtimes", "modes"} {
		if len(own[name]) > 0 {
			c.addText(name, "{"+strings.Join(own[name], ", ")+"}")
		}
	}
}

// fileMetadata adds the entries of one path.
func (c *call) fileMetadata(a *attr, path string, value build.Expr, own map[string][]string) {
	made, ok := value.(*build.CallExpr)
	if ok {
		ok = c.file.fromImg(made.X, "file_metadata")
	}
	if !ok {
		c.refuse(a.name, "not-literal", "the metadata is not a call of file_metadata", "write modes and owners of an image_layer")
		return
	}
	c.replaced = append(c.replaced, made.X.(*build.Ident).Name)
	ids := map[string]string{"uid": "0", "gid": "0", "uname": "", "gname": ""}
	set := map[string]bool{}
	for _, arg := range made.List {
		assign, ok := arg.(*build.AssignExpr)
		if !ok {
			c.refuse(a.name, "positional", "file_metadata has an argument without a name", "write NAME = VALUE")
			return
		}
		name, text := assign.LHS.(*build.Ident).Name, c.file.source(assign.RHS)
		set[name] = true
		switch name {
		case "mode":
			own["modes"] = append(own["modes"], path+": "+text)
		case "mtime":
			own["mtimes"] = append(own["mtimes"], path+": "+text)
		case "uid", "gid", "uname", "gname":
			if _, literal := assign.RHS.(*build.LiteralExpr); !literal && strings.HasSuffix(name, "id") {
				c.refuse(a.name, "not-literal", "an owner is not a literal", "write owners of an image_layer")
				return
			}
			ids[name] = strings.Trim(text, `"`)
		case "pax_records":
			values, ok := xattrs(assign.RHS)
			if !ok {
				c.refuse(a.name, "no-counterpart", "only extended attributes, SCHILY.xattr.NAME, have a counterpart", "write xattrs of an image_layer")
				return
			}
			own["xattrs"] = append(own["xattrs"], path+": "+values)
		default:
			c.refuse(a.name, "no-counterpart", name+" has no direct counterpart", "write xattrs of an image_layer")
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
		key, _ := keyOf(entry)
		name, isXattr := strings.CutPrefix(key, "SCHILY.xattr.")
		value, literal := entry.Value.(*build.StringExpr)
		if !isXattr || !literal || strings.HasPrefix(value.Value, "0x") || strings.HasPrefix(value.Value, "0s") {
			return "", false
		}
		all = append(all, quoted(name+"="+value.Value))
	}
	return "[" + strings.Join(all, ", ") + "]", true
}

// fromImg reports whether a file loads a function from rules_img.
func (f *file) fromImg(x build.Expr, symbol string) bool {
	return slices.ContainsFunc(f.loads, func(load *build.LoadStmt) bool {
		for i, to := range load.To {
			if rulesetOf(load.Module.Value) == "rules_img" && isNamed(x, to.Name) && load.From[i].Name == symbol {
				return true
			}
		}
		return false
	})
}

// registryVariable stands for the registry if .bazelrc does not set rules_img's flag.
const registryVariable = "$(IMAGE_REGISTRY)"

// registry returns the registry that the flag of rules_img has in .bazelrc, or a Make variable.
func (w *workspace) registry() string {
	const flag = "--@rules_img//img/settings:destination_registry="
	for _, name := range []string{".bazelrc", ".bazelrc.common"} {
		info, err := os.Lstat(filepath.Join(w.root, name))
		if err != nil || !info.Mode().IsRegular() || info.Size() > maxFile {
			continue
		}
		data, err := os.ReadFile(filepath.Join(w.root, name))
		if err != nil {
			continue
		}
		for lines := bufio.NewScanner(strings.NewReader(string(data))); lines.Scan(); {
			if command, value, ok := strings.Cut(lines.Text(), flag); ok && !strings.Contains(command, "#") {
				return strings.Trim(strings.TrimSpace(value), `"'`)
			}
		}
	}
	return registryVariable
}

// deploy divides the operations of a multi_deploy into pushes and loads when their targets are known.
func deploy(c *call, _ *attr) {
	a := c.attr("operations")
	if a == nil {
		c.refuse("operations", "no-counterpart", "the call has no operations", "list image_push and image_load targets")
		return
	}
	if list, ok := a.value.(*build.ListExpr); !ok || len(list.List) == 0 {
		c.refuse("operations", "not-literal", "the operations are not a list", "write the list in this call")
		return
	}
	c.edits = nil
	c.drop(a)
	if only := c.attr("deploy_operations"); only != nil {
		c.drop(only)
		if !onlyStrings(only) {
			c.refuse(only.name, "not-literal", "the kinds of operations are not literals", "write them in this call")
		}
	}
}

// resolveDeploy writes pushes and loads of a multi_deploy.
func resolveDeploy(c *call) {
	lists := map[string][]string{}
	for _, ref := range c.refs {
		target := c.file.workspace.targets[ref.key]
		if label, literal := ref.value.(*build.StringExpr); literal && target != nil && len(specsOf(target)) > 0 {
			lists["pushes"] = append(lists["pushes"], target.deploys(label.Value, "image_push")...)
			lists["loads"] = append(lists["loads"], target.deploys(label.Value, "image_load")...)
			continue
		}
		if target == nil || target.rule.role != program || target.rule.to != "image_push" && target.rule.to != "image_load" {
			c.refuse("operations", "unknown-target", c.file.source(ref.value)+" is not an image_push or image_load", "list only these")
			return
		}
		kind := map[string]string{"image_push": "pushes", "image_load": "loads"}[target.rule.to]
		lists[kind] = append(lists[kind], c.file.source(ref.value))
	}
	wanted := c.strings("deploy_operations")
	for _, kind := range []string{"loads", "pushes"} {
		if verb := map[string]string{"loads": "load", "pushes": "push"}[kind]; len(lists[kind]) > 0 && (len(wanted) == 0 || slices.Contains(wanted, verb)) {
			c.addText(kind, "["+strings.Join(lists[kind], ", ")+"]")
		}
	}
}
