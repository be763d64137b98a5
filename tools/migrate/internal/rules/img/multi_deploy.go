package img

import (
	"slices"
	"strings"

	"github.com/bazelbuild/buildtools/build"

	"github.com/rules-strata/rules_strata/tools/migrate/internal/model"
	"github.com/rules-strata/rules_strata/tools/migrate/internal/model/flow"
)

// deploy divides the operations of a multi_deploy into pushes and loads when their targets are known.
func deploy(c *model.Call, _ *model.Attr) {
	a := c.Attr("operations")
	if a == nil {
		c.Refuse("operations", "no-counterpart", "the call has no operations", "list image_push and image_load targets")
		return
	}
	if list, ok := a.Value.(*build.ListExpr); !ok || len(list.List) == 0 {
		c.Refuse("operations", "not-literal", "the operations are not a list", "write the list in this call")
		return
	}
	c.Edits = nil
	c.Drop(a)
	if only := c.Attr("deploy_operations"); only != nil {
		c.Drop(only)
		if !model.OnlyStrings(only) {
			c.Refuse(only.Name, "not-literal", "the kinds of operations are not literals", "write them in this call")
		}
	}
}

// resolveDeploy writes pushes and loads of a multi_deploy.
func resolveDeploy(c *model.Call) {
	lists := map[string][]string{}
	var instances map[string]*model.Call
	for _, ref := range c.Refs {
		target := c.File.Workspace.Targets[ref.Key]
		if label, literal := ref.Value.(*build.StringExpr); literal && target != nil && len(specsOf(target)) > 0 {
			lists["pushes"] = append(lists["pushes"], deploys(target, label.Value, "image_push")...)
			lists["loads"] = append(lists["loads"], deploys(target, label.Value, "image_load")...)
			continue
		}
		if target == nil {
			if instances == nil {
				instances = flow.Instances(c.File.Workspace)
			}
			target = instances[ref.Key]
		}
		if target == nil || target.Rule.Role != model.Program || target.Rule.To != "image_push" && target.Rule.To != "image_load" {
			c.Refuse("operations", "unknown-target", c.File.Source(ref.Value)+" is not an image_push or image_load", "list only these")
			return
		}
		kind := map[string]string{"image_push": "pushes", "image_load": "loads"}[target.Rule.To]
		lists[kind] = append(lists[kind], c.File.Source(ref.Value))
	}
	wanted := c.Strings("deploy_operations")
	for _, kind := range []string{"loads", "pushes"} {
		if verb := map[string]string{"loads": "load", "pushes": "push"}[kind]; len(lists[kind]) > 0 && (len(wanted) == 0 || slices.Contains(wanted, verb)) {
			c.AddText(kind, "["+strings.Join(lists[kind], ", ")+"]")
		}
	}
}
