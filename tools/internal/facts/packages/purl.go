package packages

import (
	"errors"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strings"
)

// PURL returns the package URL of a package (package-url/purl-spec), in its canonical form. release is the distribution that a
// Debian or Alpine package belongs to, or nil.
func (p Package) PURL(release *Release) string {
	namespace, qualifiers := p.Namespace, maps.Clone(p.Qualifiers)
	if vendor := vendors[p.Type]; vendor != "" && namespace == "" {
		namespace = vendor
		if release != nil {
			namespace = release.ID
			if qualifiers == nil {
				qualifiers = make(map[string]string)
			}
			qualifiers["distro"] = release.ID
			if release.VersionID != "" {
				qualifiers["distro"] += "-" + release.VersionID
			}
		}
	}
	var b strings.Builder
	b.WriteString("pkg:" + p.Type + "/")
	for segment := range strings.SplitSeq(namespace, "/") {
		if segment != "" {
			b.WriteString(escape(segment) + "/")
		}
	}
	b.WriteString(escape(p.Name))
	if p.Version != "" {
		b.WriteString("@" + escape(p.Version))
	}
	separator := "?"
	for _, key := range slices.Sorted(maps.Keys(qualifiers)) {
		b.WriteString(separator + key + "=" + escape(qualifiers[key]))
		separator = "&"
	}
	return b.String()
}

// vendors are the namespaces of packages whose distribution is unknown.
var vendors = map[string]string{"apk": "alpine", "deb": "debian"}

// escape encodes every byte that is not unreserved in a URL.
func escape(text string) string {
	var b strings.Builder
	for i := range len(text) {
		c := text[i]
		switch {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9', strings.IndexByte("-._~", c) >= 0:
			b.WriteByte(c)
		default:
			fmt.Fprintf(&b, "%%%02X", c)
		}
	}
	return b.String()
}

// ParsePURL returns the package of a package URL. Its subpath is ignored.
func ParsePURL(text string) (Package, error) {
	invalid := errors.New("not a package URL, expected pkg:TYPE/NAMESPACE/NAME@VERSION")
	rest, ok := strings.CutPrefix(text, "pkg:")
	if !ok || len(text) > maxField {
		return Package{}, fmt.Errorf("%.100q: %w", text, invalid)
	}
	rest, _, _ = strings.Cut(rest, "#")
	rest, query, _ := strings.Cut(rest, "?")
	kind, rest, ok := strings.Cut(strings.Trim(rest, "/"), "/")
	if !ok || kind == "" {
		return Package{}, fmt.Errorf("%.100q: %w", text, invalid)
	}
	version := ""
	if at := strings.LastIndexByte(rest, '@'); at > 0 {
		rest, version = rest[:at], rest[at+1:]
	}
	namespace, name := "", rest
	if slash := strings.LastIndexByte(rest, '/'); slash >= 0 {
		namespace, name = rest[:slash], rest[slash+1:]
	}
	p := Package{Type: strings.ToLower(kind)}
	values, err := url.ParseQuery(query)
	for _, part := range []struct {
		text string
		to   *string
	}{{namespace, &p.Namespace}, {name, &p.Name}, {version, &p.Version}} {
		decoded, e := url.PathUnescape(part.text)
		*part.to, err = decoded, errors.Join(err, e)
	}
	if err != nil || p.Name == "" {
		return Package{}, fmt.Errorf("%.100q: %w", text, invalid)
	}
	for key := range values {
		if p.Qualifiers == nil {
			p.Qualifiers = make(map[string]string)
		}
		p.Qualifiers[strings.ToLower(key)] = values.Get(key)
	}
	return p, nil
}
