package lockfile

import (
	"errors"
	"fmt"
	"net/netip"
	"net/url"
	"os"
	"regexp"
	"slices"
	"strings"

	"github.com/rules-strata/rules_strata/tools/internal/oci/reference"
)

// TrustVariable is the environment variable that lists further servers that a lock file may name, each as
// "https://HOST[:PORT]" or "http://HOST[:PORT]", with commas or spaces between them. Builds read it, too.
const TrustVariable = "STRATA_TRUSTED_SERVERS"

// The rules of this file are those of rules/private/repo/servers.bzl. A build sends the user's credentials where the
// lock file says, and whoever changes one line of a machine-written file must not be able to say where that is.

// checkServers returns an error unless the registry's API is at its own host, and its token server at the same host or
// in the same domain, both over TLS.
func (r Registry) checkServers(name string) error {
	host := reference.APIHost(name)
	own := hostname(host)
	switch origin := "http://" + host; {
	case r.URL == "https://"+host, r.URL == origin && (reference.IsLoopback(own) || isTrusted(origin)):
	case r.URL == origin:
		return fmt.Errorf("url %q: no TLS%s", r.URL, allow(origin))
	default:
		return fmt.Errorf("url %q is not that of the registry, expected %q", r.URL, "https://"+host)
	}
	if r.Auth == nil || r.Auth.Scheme != "bearer" {
		return nil
	}
	realm, err := url.Parse(r.Auth.Realm)
	if err != nil {
		return errors.New("auth: realm is no address") // isAddress says more.
	}
	origin := strings.ToLower(realm.Scheme + "://" + realm.Host)
	foreign := hostname(realm.Host)
	switch {
	case isTrusted(origin):
		return nil
	case !sameDomain(own, foreign):
		return fmt.Errorf("auth: realm %q is neither at the registry's host nor in its domain%s", r.Auth.Realm, allow(origin))
	case realm.Scheme == "http" && !(reference.IsLoopback(foreign) && strings.HasPrefix(r.URL, "http:")):
		return fmt.Errorf("auth: realm %q: no TLS%s", r.Auth.Realm, allow(origin))
	}
	return nil
}

// allow returns what the user can do about a server that is refused.
func allow(origin string) string {
	return fmt.Sprintf("; if that is right, %s=%s in the environment allows it", TrustVariable, origin)
}

func isTrusted(origin string) bool {
	all := strings.Fields(strings.ReplaceAll(os.Getenv(TrustVariable), ",", " "))
	return slices.ContainsFunc(all, func(one string) bool {
		return strings.EqualFold(strings.TrimSuffix(one, "/"), origin)
	})
}

// hostname returns a host without its port, in lower case.
func hostname(host string) string {
	u := url.URL{Host: host}
	return strings.ToLower(u.Hostname())
}

// sharedSuffix matches what many strangers register names below: a top-level domain, or one like "co.uk".
var sharedSuffix = regexp.MustCompile(`^(?:[^.]*|(?:ac|co|com|edu|gov|ne|net|or|org)\.[a-z][a-z])$`)

// sameDomain reports whether a token server's host is the registry's, lies below it, or shares the domain above it:
// auth.docker.io is one for registry-1.docker.io, and gitlab.example.com for registry.example.com.
func sameDomain(registry, realm string) bool {
	if realm == registry {
		return true
	}
	if _, err := netip.ParseAddr(registry); err == nil || strings.HasSuffix(realm, ".") {
		return false
	}
	_, parent, _ := strings.Cut(registry, ".")
	if strings.HasSuffix(realm, "."+registry) {
		return true
	}
	return !sharedSuffix.MatchString(parent) && (realm == parent || strings.HasSuffix(realm, "."+parent))
}
