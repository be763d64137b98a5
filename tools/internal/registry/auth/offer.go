package auth

// Challenge is the authentication that a registry requires, in a form that can be stored.
type Challenge struct {
	// Scheme is "basic" or "bearer".
	Scheme string
	// Realm and Service are the parameters of "bearer": the token server's address, and the name by which that server
	// knows the registry.
	Realm, Service string
}

// ParseChallenge reads the values of a WWW-Authenticate header and returns the challenge that a [Session] would answer:
// the first for a token, otherwise basic authentication. It reports false if there is neither.
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
