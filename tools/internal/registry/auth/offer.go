package auth

// Challenge is what a registry asks for, in the form in which it can be kept.
type Challenge struct {
	// Scheme is "basic" or "bearer".
	Scheme string
	// Realm and Service are the parameters of "bearer": the token server's address, and how that knows the registry.
	Realm, Service string
}

// ParseChallenge reads the values of a WWW-Authenticate header and returns the challenge that a [Session] would answer:
// the first for a token, or else basic authentication. It reports false if there is neither.
func ParseChallenge(authenticate []string) (Challenge, bool) {
	var found Challenge
	for _, c := range parseChallenges(authenticate) {
		switch c.scheme {
		case "bearer":
			return Challenge{Scheme: c.scheme, Realm: c.params["realm"], Service: c.params["service"]}, true
		case "basic":
			found.Scheme = c.scheme
		}
	}
	return found, found.Scheme != ""
}
