package main

import (
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"strings"

	"github.com/rules-strata/rules_strata/tools/internal/layer/capability"
)

// capabilities is the extended attribute that holds a file's capabilities.
const capabilities = "security.capability"

func (in *inputs) xattr(pattern, value string) error {
	name, text, ok := strings.Cut(value, "=")
	if !ok {
		return fmt.Errorf("extended attribute %q: expected NAME=VALUE", value)
	}
	decoded, err := decodeXattr(name, text)
	if err != nil {
		return fmt.Errorf("extended attribute %s: %w", name, err)
	}
	return in.tree.Rules.Xattr(pattern, name, decoded)
}

// decodeXattr returns the value that the text stands for, which may be encoded as setfattr has it.
func decodeXattr(name, text string) (string, error) {
	digits, isHex := strings.CutPrefix(text, "0x")
	encoded, isBase64 := strings.CutPrefix(text, "0s")
	switch {
	case isHex:
		value, err := hex.DecodeString(digits)
		return string(value), err
	case isBase64:
		value, err := base64.StdEncoding.DecodeString(encoded)
		return string(value), err
	case name == capabilities:
		return capability.Parse(text)
	}
	return text, nil
}
