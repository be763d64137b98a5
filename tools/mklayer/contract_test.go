package main

import (
	"fmt"
	"testing"

	"github.com/rules-strata/rules_strata/tools/internal/contract"
)

// The rules offer mklayer's compressions, and their documentation states its levels.
func TestCompressionsOfRules(t *testing.T) {
	type compression struct {
		Name      string
		Levels    int
		MediaType string `json:"media_type"`
	}
	for _, want := range contract.Cases[compression](t, "compressions") {
		flag := "--compression=" + want.Name
		_, layer, err := makeLayer(t, flag, fmt.Sprintf("--level=%d", want.Levels))
		if err != nil || layer.MediaType != want.MediaType {
			t.Errorf("%+v: got %s, %v", want, layer.MediaType, err)
		}
		command := packing{codec: want.Name, level: want.Levels + 1}
		if _, err := command.parse(nil); err == nil {
			t.Errorf("%+v: no error for the level above", want)
		}
	}
}
