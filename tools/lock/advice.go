package main

import (
	"errors"

	"github.com/rules-strata/rules_strata/tools/internal/cli"
	"github.com/rules-strata/rules_strata/tools/internal/oci/content"
)

// advise adds a hint to an error that the user can fix. Errors of registries bring their own.
func advise(err error) error {
	var platform *content.PlatformError
	if errors.As(err, &platform) {
		return cli.Hint(err, "select others, or all, with --platform; \"lock remove\" and \"lock add\" change those of an image")
	}
	return err
}
