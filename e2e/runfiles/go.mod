module github.com/rules-strata/rules_strata/e2e/runfiles

go 1.25.0

require github.com/bazelbuild/rules_go v0.60.0
