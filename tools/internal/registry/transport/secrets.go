package transport

import (
	"strings"

	"github.com/rules-strata/rules_strata/tools/internal/message"
)

// Hide cleans a server's message for use in an error: it removes secrets that the server may repeat, puts the text on one
// line and limits its length.
func Hide(text string, secrets ...string) string {
	for _, secret := range secrets {
		if secret != "" {
			text = strings.ReplaceAll(text, secret, "(hidden)")
		}
	}
	return message.OneLine(text)
}
