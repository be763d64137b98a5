package main

import (
	"testing"

	"github.com/rules-strata/rules_strata/tools/internal/tooltest"
)

func TestMain(m *testing.M) { tooltest.Main(m, "mksbom", main) }

func TestScripts(t *testing.T) { tooltest.Run(t, nil, nil) }
