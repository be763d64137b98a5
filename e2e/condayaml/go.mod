module github.com/rules-strata/rules_strata/e2e/condayaml

go 1.25.0

require go.yaml.in/yaml/v4 v4.0.0
