package cli

import (
	"fmt"
	"io"
	"strings"

	"github.com/rules-strata/rules_strata/tools/internal/message"
)

// Line writes one message, which may contain untrusted text, in the form of [message.Lines].
func Line(w io.Writer, format string, args ...any) error {
	_, err := io.WriteString(w, message.Lines(strings.TrimRight(fmt.Sprintf(format, args...), "\n"))+"\n")
	return err
}
