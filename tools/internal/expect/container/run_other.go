//go:build !linux

package container

import (
	"context"
	"fmt"
	"runtime"
)

// Init does nothing where containers are not possible.
func Init() {}

// Run returns ErrUnavailable.
func (c *Container) Run(context.Context, Process) (Outcome, error) {
	return Outcome{}, fmt.Errorf("%w: they need Linux, this is %s", ErrUnavailable, runtime.GOOS)
}
