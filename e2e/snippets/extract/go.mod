module github.com/rules-strata/rules_strata/e2e/snippets/extract

go 1.25.0

require github.com/bazelbuild/buildtools v0.0.0-20250930140053-2eb4fccefb52
