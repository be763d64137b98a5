package main

import (
	"strings"
	"testing"
)

func TestConsole(t *testing.T) {
	for text, want := range map[string]int{
		"":                        -1,
		"vminit: exit code 3":     -1, // the line has no end
		"vminit: exit code 3\r\n": 3,
		"vminit: exit code 0\n":   0,
		"text without an end vminit: exit code 255\r\n":                                      255,
		"vminit: exit code 1\r\nvminit: exit code 2\r\n[    1.0] reboot: Power down\r\n":     2,
		"vminit: exit code 256\r\nvminit: exit code 1000\r\nvminit: exit code -1\n":          -1,
		"vminit: exit code 3 times\r\n":                                                      -1,
		strings.Repeat("x", 3*maxLine) + "vminit: exit code 3\r\n":                           3,
		"vminit: exit code 3" + strings.Repeat("0", maxLine) + "\r\n":                        -1,
		strings.Repeat("x", maxLine-2) + "vminit:\r\n exit code 3\r\n" + "vminit: exit code": -1,
	} {
		// However the output is cut into pieces.
		for size := 1; size <= len(text)+1; size++ {
			var out strings.Builder
			c := &console{out: &out}
			for rest := text; rest != ""; {
				n := min(size, len(rest))
				if got, err := c.Write([]byte(rest[:n])); got != n || err != nil {
					t.Fatalf("Write = %d, %v", got, err)
				}
				rest = rest[n:]
			}
			code, ok := c.exitCode()
			if !ok {
				code = -1
			}
			if code != want || out.String() != strings.ReplaceAll(text, "\r", "") {
				t.Errorf("%q in pieces of %d: got %d, want %d; printed %q", text, size, code, want, &out)
			}
		}
	}
}
