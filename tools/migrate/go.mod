module github.com/rules-strata/rules_strata/tools/migrate

go 1.26.0

require (
	github.com/bazelbuild/buildtools v0.0.0-20250930140053-2eb4fccefb52
	github.com/rogpeppe/go-internal v1.14.1
)

require golang.org/x/tools v0.26.0 // indirect
