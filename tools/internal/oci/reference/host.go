package reference

import (
	"net/netip"
	"strings"
)

// IsLoopback reports whether a host, without a port, is this machine by its name or address. Only such a host may lack
// TLS, unless the user allows more.
func IsLoopback(host string) bool {
	address, err := netip.ParseAddr(host)
	return strings.EqualFold(host, "localhost") || err == nil && address.Unmap().IsLoopback()
}

// APIHost returns the host, with its port, that serves a registry's API: its name, except for Docker Hub.
func APIHost(registry string) string {
	if registry == "docker.io" {
		return "registry-1.docker.io"
	}
	return registry
}
