package main

import (
	"strings"
	"testing"

	"github.com/rules-strata/rules_strata/tools/internal/tooltest"
)

func TestMain(m *testing.M) { tooltest.Main(m, "mkmanifest", command.Main) }

func TestScripts(t *testing.T) {
	tooltest.Run(t, func(dir tooltest.Folder) {
		dir.Write("layers128", []byte(strings.Repeat("--layer=layer.json\n", 128)))
	}, nil)
}
