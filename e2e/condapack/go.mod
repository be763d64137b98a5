module github.com/rules-strata/rules_strata/e2e/condapack

go 1.25.0

require github.com/klauspost/compress v1.20.3
