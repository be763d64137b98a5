package main

import (
	"os"
	"strings"
)

// words are the words of the kernel's command line.
type words []string

// commandLine returns the kernel's command line.
func commandLine() words {
	text, err := os.ReadFile("/proc/cmdline")
	attempt(err)
	return strings.Fields(string(text))
}

// value returns the value of "name=VALUE". The last one wins, as for the kernel.
func (w words) value(name string) string {
	value := ""
	for _, word := range w {
		if v, ok := strings.CutPrefix(word, name+"="); ok {
			value = v
		}
	}
	return value
}
