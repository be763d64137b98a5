package cas

import (
	"net/http"
	"strings"
)

// AddHeader adds "NAME=VALUE", and reports whether it is valid (RFC 9110, section 5).
func AddHeader(header http.Header, pair string) bool {
	name, value, found := strings.Cut(pair, "=")
	if !found || name == "" || strings.ContainsFunc(name, isNotToken) || strings.ContainsAny(value, "\r\n\x00") {
		return false
	}
	header.Add(name, value)
	return true
}

// isNotToken reports whether a character is invalid in the name of a header.
func isNotToken(c rune) bool {
	isLetter := 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9'
	return !isLetter && !strings.ContainsRune("!#$%&'*+-.^_`|~", c)
}
