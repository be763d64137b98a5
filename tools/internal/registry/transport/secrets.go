package transport

import (
	"strings"

	"github.com/rules-strata/rules_strata/tools/internal/message"
)

// Hide returns what a server said as a part of an error: without the secrets that it may repeat, on one line, not too long.
func Hide(text string, secrets ...string) string {
	for _, secret := range secrets {
		if secret != "" {
			text = strings.ReplaceAll(text, secret, "(hidden)")
		}
	}
	return message.OneLine(text)
}
