package attr

import (
	"github.com/bazelbuild/buildtools/build"

	"github.com/rules-strata/rules_strata/tools/migrate/internal/model"
)

// Inherited takes a command over. An empty one, which removes that of the base, becomes an entry of clear.
func Inherited(c *model.Call, a *model.Attr) {
	if list, ok := a.Value.(*build.ListExpr); ok && len(list.List) == 0 && c.Attr("base") != nil {
		c.Drop(a)
		c.Clear(a.Name)
		if c.Rule.Ruleset == "rules_oci" && a.Name == "entrypoint" && c.Attr("cmd") == nil {
			c.Clear("cmd") // an entrypoint removes the base's arguments
		}
		return
	}
	Listed(a.Name, a.Name+"_file")(c, a)
}
