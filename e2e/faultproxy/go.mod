module github.com/rules-strata/rules_strata/e2e/faultproxy

go 1.25.0
