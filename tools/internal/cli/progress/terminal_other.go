//go:build !linux

package progress

import "io"

// terminalWidth knows no terminals on other systems: there a push tells of each blob in a line, as in a log.
func terminalWidth(io.Writer) int { return 0 }
