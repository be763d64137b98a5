module github.com/rules-strata/rules_strata/e2e/languages

go 1.25.0
