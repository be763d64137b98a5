package main

import (
	"errors"
	"io"
	"os"

	"github.com/rules-strata/rules_strata/tools/internal/cli"
)

// showDifferences prints the text that mkdiff wrote, and fails unless it is empty.
func showDifferences(path string, out io.Writer) error {
	text, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	if len(text) == 0 {
		return cli.Line(out, "ok: no differences")
	}
	_, err = out.Write(text)
	return errors.Join(err, cli.ErrQuiet)
}
