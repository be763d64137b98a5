module github.com/rules-strata/rules_strata/e2e/tars

go 1.25.0
