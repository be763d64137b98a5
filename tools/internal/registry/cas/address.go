package cas

import (
	"errors"
	"fmt"
	"net/url"
	"path"
	"strings"
)

// address is the address of a cache.
type address struct {
	name     string // as given, without secrets and instance
	grpc     bool
	url      url.URL       // for requests: http or https, a path without a trailing slash
	user     *url.Userinfo // sent as basic authentication
	socket   string        // the path of a Unix socket to connect to, or empty
	instance string
}

func parseAddress(text string) (address, error) {
	shown, _, _ := strings.Cut(text, "?")
	if _, host, found := strings.Cut(shown, "@"); found { // A secret may be what makes the address invalid.
		shown = "...@" + host
	}
	a, err := parse(text)
	if err != nil {
		return address{}, fmt.Errorf("remote cache %q: %w", shown, err)
	}
	return a, nil
}

func parse(text string) (address, error) {
	text, query, _ := strings.Cut(text, "?")
	instance, err := parseInstance(query)
	if err != nil {
		return address{}, err
	}
	if path, ok := strings.CutPrefix(text, "unix:"); ok {
		path = strings.TrimPrefix(path, "//")
		if path == "" {
			return address{}, errors.New("no path, expected unix:PATH")
		}
		local := url.URL{Scheme: "http", Host: "localhost"}
		return address{name: text, grpc: true, url: local, socket: path, instance: instance}, nil
	}
	if !strings.Contains(text, "://") {
		text = "grpcs://" + text
	}
	u, err := url.Parse(text)
	if err != nil {
		return address{}, errors.Unwrap(err) // The outer error contains the whole address.
	}
	return fromURL(u, instance)
}

func fromURL(u *url.URL, instance string) (address, error) {
	a := address{user: u.User, instance: instance}
	u.User = nil
	u.Path = strings.TrimSuffix(u.Path, "/")
	u.RawPath, u.Fragment = "", ""
	a.name, a.url = u.String(), *u
	switch u.Scheme {
	case "grpcs":
		a.grpc, a.url.Scheme = true, "https"
	case "grpc":
		a.grpc, a.url.Scheme = true, "http"
	case "http", "https":
	default:
		return address{}, fmt.Errorf("unknown scheme %q, expected grpcs, grpc, unix, https or http", u.Scheme)
	}
	switch {
	case u.Hostname() == "":
		return address{}, errors.New("no host")
	case a.grpc && u.Path != "":
		return address{}, fmt.Errorf("path %q: a gRPC address has no path; name an instance with ?instance=NAME", u.Path)
	case !a.grpc && instance != "":
		return address{}, errors.New("an HTTP cache takes a path, not an instance")
	}
	return a, nil
}

// parseInstance parses "instance=NAME".
func parseInstance(query string) (string, error) {
	values, err := url.ParseQuery(query)
	if err != nil {
		return "", err
	}
	instance := values.Get("instance")
	if len(values) > 1 || len(values) == 1 && instance == "" || len(values["instance"]) > 1 {
		return "", errors.New(`only instance=NAME is allowed after "?"`)
	}
	if instance != "" && (path.Clean(instance) != instance || strings.HasPrefix(instance, "/")) {
		return "", fmt.Errorf("instance %q: expected names with single slashes between them", instance)
	}
	return instance, nil
}
