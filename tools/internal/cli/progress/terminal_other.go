//go:build !linux

package progress

import "io"

// terminalWidth does not support terminals on other systems: there, a push reports each blob on a line, as in a log.
func terminalWidth(io.Writer) int { return 0 }
