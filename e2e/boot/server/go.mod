module github.com/rules-strata/rules_strata/e2e/boot/server

go 1.25.0
