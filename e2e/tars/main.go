// Tars makes odd tar archives, block by block, for programs to agree on or to refuse.
//
// Usage: tars DIR
//
// Each archive is DIR/VERDICT/NAME.tar. VERDICT is what mklayer should do: "kept" makes it a layer as it is, "remade" packs
// what is in it as a new one, "refused" fails. "any" holds copies of a plain archive in each of which one field of one
// header is another; there is no verdict on these.
package main

import (
	"fmt"
	"os"
	"path/filepath"
)

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: tars DIR")
		os.Exit(2)
	}
	if err := write(os.Args[1]); err != nil {
		fmt.Fprintln(os.Stderr, "tars:", err)
		os.Exit(1)
	}
}

func write(dir string) error {
	for verdict, archives := range map[string]map[string][]byte{
		"kept": kept(), "remade": remade(), "refused": refused(), "any": variants(),
	} {
		if err := os.MkdirAll(filepath.Join(dir, verdict), 0o755); err != nil {
			return err
		}
		for name, data := range archives {
			if err := os.WriteFile(filepath.Join(dir, verdict, name+".tar"), data, 0o644); err != nil {
				return err
			}
		}
	}
	return nil
}
