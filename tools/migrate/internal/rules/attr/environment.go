package attr

import (
	"fmt"
	"regexp"
	"strings"

	"github.com/bazelbuild/buildtools/build"

	"github.com/rules-strata/rules_strata/tools/migrate/internal/model"
)

// Variables of the base, in the forms of the rulesets. rules_docker expands $$ to $ first.
var (
	ociVariable    = regexp.MustCompile(`\$(?:\{([A-Za-z_][A-Za-z0-9_]*)\}|([A-Za-z_][A-Za-z0-9_]*))`)
	dockerVariable = regexp.MustCompile(`\$\$(?:\{([A-Za-z_][A-Za-z0-9_]*)\}|([A-Za-z_][A-Za-z0-9_]*))`)
	makeVariable   = regexp.MustCompile(`\$\([A-Za-z_][A-Za-z0-9_]*\)`)
	ImgVariable    = regexp.MustCompile(`\{\{-? *\$([A-Za-z_][A-Za-z0-9_]*)() *-?\}\}`)
)

// Environment takes env over, with references to variables of the base as ${NAME}.
func Environment(c *model.Call, a *model.Attr) {
	Listed("env", "env_file")(c, a)
	variable := map[string]*regexp.Regexp{"rules_docker": dockerVariable, "rules_oci": ociVariable, "rules_img": ImgVariable}[c.Rule.Ruleset]
	build.Walk(a.Value, func(x build.Expr, _ []build.Expr) {
		s, ok := x.(*build.StringExpr)
		if !ok {
			return
		}
		value := variable.ReplaceAllString(s.Value, "${$1$2}")
		rest := variable.ReplaceAllString(s.Value, "")
		if c.Rule.Ruleset == "rules_docker" {
			rest = makeVariable.ReplaceAllString(rest, "")
		}
		if strings.Contains(rest, "$") {
			c.Refuse(a.Name, "expansion", "the value has a dollar sign that is not a variable of the base", "write ${NAME} for a variable of the base, and $$ for a dollar")
			return
		}
		if value != s.Value {
			c.Replace(x, fmt.Sprintf("%q", value))
		}
	})
}
