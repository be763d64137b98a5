module github.com/rules-strata/rules_strata/e2e/fileserver

go 1.25.0
