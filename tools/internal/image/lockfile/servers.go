package lockfile

import (
	"errors"
	"fmt"
	"net/netip"
	"net/url"
	"os"
	"slices"
	"strings"

	"github.com/rules-strata/rules_strata/tools/internal/oci/reference"
	"github.com/rules-strata/rules_strata/tools/internal/pattern"
)

// TrustVariable is the environment variable that lists further servers that a lock file may name, each as
// "https://HOST[:PORT]" or "http://HOST[:PORT]", separated by commas or spaces. Builds read it, too.
const TrustVariable = "STRATA_TRUSTED_SERVERS"

// The rules in this file match those in rules/private/repo/servers.bzl. A build sends the user's credentials to the
// servers in the lock file, so a change to one line of this machine-written file must not be able to redirect them.

// checkServers returns an error unless the registry's API is at its own host, and its token server is at the same host or
// in the same domain, both over TLS.
func (r Registry) checkServers(name string) error {
	host := reference.APIHost(name)
	own := hostname(host)
	switch origin := "http://" + host; {
	case r.URL == "https://"+host, r.URL == origin && (reference.IsLoopback(own) || isTrusted(origin)):
	case r.URL == origin:
		return fmt.Errorf("url %q: no TLS%s", r.URL, allow(origin))
	default:
		return fmt.Errorf("url %q is not the registry's, expected %q", r.URL, "https://"+host)
	}
	if r.Auth == nil || r.Auth.Scheme != "bearer" {
		return nil
	}
	realm, err := url.Parse(r.Auth.Realm)
	if err != nil {
		return errors.New("auth: realm is not an address") // isAddress has reported more.
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

// allow returns how the user can allow a server that is rejected.
func allow(origin string) string {
	return fmt.Sprintf("; to allow it, set %s=%s in the environment", TrustVariable, origin)
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

// sharedSuffix matches domains below which anybody can register names: top-level domains, and those like "co.uk".
var sharedSuffix = pattern.New(`^(?:[^.]*|(?:ac|co|com|edu|gov|ne|net|or|org)\.[a-z][a-z])$`)

// sameDomain reports whether a token server's host is the registry's, is below it, or shares the domain above it:
// auth.docker.io does for registry-1.docker.io, and gitlab.example.com for registry.example.com.
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
	return !sharedSuffix().MatchString(parent) && (realm == parent || strings.HasSuffix(realm, "."+parent))
}
