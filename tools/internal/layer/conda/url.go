package conda

import (
	"errors"
	"fmt"
	"net/url"
	"strings"

	"github.com/rules-strata/rules_strata/tools/internal/pattern"
)

// origin is where a package comes from, as its URL states it: CHANNEL/SUBDIR/NAME-VERSION-BUILD.EXTENSION.
type origin struct {
	url     string // without credentials
	channel string
	subdir  string
	file    string
	stem    string // the file's name without its extension
	kind    string // the extension, without the dot
}

// token matches the part of a URL's path that holds a secret of the user.
var token = pattern.New(`/t/[^/]+/`)

// subdirName matches the names of platforms, such as linux-64, linux-aarch64 and noarch.
var subdirName = pattern.New(`^(noarch|linux-[a-z0-9_]+)$`)

// parseURL reads the URL of a package.
func parseURL(text string) (origin, error) {
	u, err := url.Parse(text)
	if err != nil || u.Scheme == "" {
		return origin{}, errors.New("the URL of a package must be absolute, CHANNEL/SUBDIR/NAME-VERSION-BUILD.conda")
	}
	u.User, u.RawQuery, u.Fragment, u.RawFragment = nil, "", "", ""
	o := origin{url: token().ReplaceAllString(u.String(), "/")}
	dir, file, _ := cutLast(o.url, "/")
	o.channel, o.subdir, _ = cutLast(dir, "/")
	if o.file, err = url.PathUnescape(file); err != nil {
		return origin{}, fmt.Errorf("URL %s: %w", o.url, err)
	}
	for _, o.kind = range []string{"conda", "tar.bz2"} {
		if stem, ok := strings.CutSuffix(o.file, "."+o.kind); ok {
			o.stem = stem
			break
		}
	}
	switch {
	case o.stem == "" || strings.ContainsAny(o.stem, "/\x00"):
		return origin{}, fmt.Errorf("URL %s: the file must be NAME-VERSION-BUILD.conda or .tar.bz2", o.url)
	case !subdirName().MatchString(o.subdir):
		return origin{}, fmt.Errorf("URL %s: platform %q: only packages for Linux, and noarch ones, can be in an image",
			o.url, o.subdir)
	}
	return o, nil
}

// cutLast cuts s around the last separator.
func cutLast(s, separator string) (before, after string, found bool) {
	at := strings.LastIndex(s, separator)
	if at < 0 {
		return "", s, false
	}
	return s[:at], s[at+len(separator):], true
}
