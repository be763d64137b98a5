package naming

import (
	"fmt"
	"strings"

	"github.com/bazelbuild/buildtools/build"

	"github.com/rules-strata/rules_strata/tools/migrate/internal/model"
)

// StatusVariables turns {NAME} in the strings of an expression, a variable of the workspace status, into {{NAME}}.
func StatusVariables(c *model.Call, x build.Expr) {
	if c.Rule.Ruleset != "rules_docker" {
		return
	}
	build.Walk(x, func(x build.Expr, stack []build.Expr) {
		s, ok := x.(*build.StringExpr)
		if !ok {
			return
		}
		value := StatusText(s.Value)
		if len(stack) > 0 {
			if method, ok := stack[len(stack)-1].(*build.DotExpr); ok && method.Name == "format" {
				value = strings.NewReplacer("{{", "{{{{", "}}", "}}}}").Replace(s.Value)
			}
		}
		if value != s.Value {
			c.Replace(x, fmt.Sprintf("%q", value))
		}
	})
}

// StatusText turns {NAME}, a variable of the workspace status, into {{NAME}}.
func StatusText(text string) string {
	if strings.Contains(text, "{{") {
		return text
	}
	return strings.NewReplacer("{", "{{", "}", "}}").Replace(text)
}
