package main

import (
	"errors"

	"github.com/rules-strata/rules_strata/tools/internal/cli"
	"github.com/rules-strata/rules_strata/tools/internal/oci/content"
)

// advise adds what the user can do about a failure, unless the error of a registry knows that itself.
func advise(err error) error {
	var platform *content.PlatformError
	if errors.As(err, &platform) {
		return cli.Hint(err, "--platform chooses others, or all; \"lock remove\" and \"lock add\" change those of an image")
	}
	return err
}
