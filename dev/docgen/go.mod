module github.com/rules-strata/rules_strata/dev/docgen

go 1.25.0

require github.com/bazelbuild/buildtools v0.0.0-20260904073137-eaa4d125b423
