package main

import (
	"archive/tar"
	"bytes"
	"io"
	"slices"
	"testing"

	"github.com/rules-strata/rules_strata/tools/internal/check"
	"github.com/rules-strata/rules_strata/tools/internal/check/rawtar"
	"github.com/rules-strata/rules_strata/tools/internal/layer/tarfile"
)

// entry holds the fields that two readers must agree on.
type entry struct {
	name, link string
	kind       byte
	size       int64
}

// In an archive that is kept unchanged, package check finds only violations that a base layer may have, and reads the
// same entries as archive/tar.
func FuzzKept(f *testing.F) {
	for _, entries := range [][]string{
		{"5 ./", "5 ./usr/", "0 ./usr/b one", "1 usr/a usr/b", "2 l ../x", "3 null", "6 pipe", "0 usr/.wh.old"},
		{"0 a x", "2 b a", "0 é x"},
	} {
		data, err := makeTar(entries)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
		for _, at := range []int{100, 108, 124, 136, 156, 257, 345} { // mode, owner, size, time, type, magic, prefix
			for _, text := range []string{"\x00", "5", "\x80", "x"} {
				f.Add(slices.Replace(bytes.Clone(data), at, at+1, []byte(text)...))
			}
		}
	}
	house := make(map[string]bool)
	for _, rule := range check.Rules() {
		house[rule.ID] = rule.House
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		data = repaired(data)
		if expands(data) {
			return
		}
		if _, err := tarfile.Check(bytes.NewReader(data), "a.tar"); err != nil {
			return
		}
		var ours, theirs []entry
		raw := rawtar.NewReader(bytes.NewReader(data), func(entry, rule, text string) {
			if !house[rule] {
				t.Errorf("entry %q: %s: %s", entry, rule, text)
			}
		})
		for {
			h, err := raw.Next()
			if err == io.EOF {
				break
			}
			if err != nil {
				t.Fatal(err)
			}
			if h.Type == 0 { // Unix V7 had no types; archive/tar goes by the name
				h.Type = tar.TypeReg
				if len(h.Name) > 0 && h.Name[len(h.Name)-1] == '/' {
					h.Type = tar.TypeDir
				}
			}
			ours = append(ours, entry{h.Name, h.Linkname, h.Type, h.Size})
		}
		for std := tar.NewReader(bytes.NewReader(data)); ; {
			h, err := std.Next()
			if err == io.EOF {
				break
			}
			if err != nil {
				t.Fatal(err)
			}
			if h.Typeflag != tar.TypeXGlobalHeader {
				theirs = append(theirs, entry{h.Name, h.Linkname, h.Typeflag, h.Size})
			}
		}
		if !slices.Equal(ours, theirs) {
			t.Errorf("package check reads\n%+v\narchive/tar\n%+v", ours, theirs)
		}
	})
}
