package oci

import (
	"fmt"
	"strings"
)

// ParsePlatform parses a platform in the form OS/ARCH or OS/ARCH/VARIANT, with GOOS and GOARCH values: "linux/arm64".
func ParsePlatform(text string) (Platform, error) {
	parts := strings.Split(text, "/")
	for _, part := range parts {
		if part == "" {
			parts = nil
		}
	}
	switch len(parts) {
	case 2:
		return Platform{OS: parts[0], Architecture: parts[1]}, nil
	case 3:
		return Platform{OS: parts[0], Architecture: parts[1], Variant: parts[2]}, nil
	}
	return Platform{}, fmt.Errorf("platform %q: expected OS/ARCH or OS/ARCH/VARIANT", text)
}

// FormatPlatform returns the form that ParsePlatform reads. It omits the operating system's version and features.
func FormatPlatform(p Platform) string {
	text := p.OS + "/" + p.Architecture
	if p.Variant != "" {
		text += "/" + p.Variant
	}
	return text
}

// ShortPlatform is FormatPlatform without a variant that amd64 or arm64 implies, such as v8 for arm64. It keeps arm's
// variant, because programs disagree on which one arm implies.
func ShortPlatform(p Platform) string {
	bare := p
	bare.Variant = ""
	if p.Architecture != "arm" && Variant(bare) == p.Variant {
		p = bare
	}
	return FormatPlatform(p)
}

// MatchPlatform reports whether an image for the platform have is suitable for want. If want has no variant, any variant
// matches. The variant that an architecture implies, such as v8 for arm64, is the same as none.
func MatchPlatform(want, have Platform) bool {
	if want.OS != have.OS || want.Architecture != have.Architecture {
		return false
	}
	return want.Variant == "" || Variant(want) == Variant(have)
}

// Variant returns the variant of p, made explicit where the architecture implies one.
func Variant(p Platform) string {
	if p.Variant != "" {
		return p.Variant
	}
	return map[string]string{"amd64": "v1", "arm": "v7", "arm64": "v8"}[p.Architecture]
}

// CompletePlatform returns p with missing values taken from more, if both have the same operating system and
// architecture.
func CompletePlatform(p, more Platform) Platform {
	if p.OS != "" && p.OS != more.OS || p.Architecture != "" && p.Architecture != more.Architecture {
		return p
	}
	p.OS, p.Architecture = more.OS, more.Architecture
	if p.Variant == "" {
		p.Variant = more.Variant
	}
	if p.OSVersion == "" {
		p.OSVersion = more.OSVersion
	}
	if len(p.OSFeatures) == 0 {
		p.OSFeatures = more.OSFeatures
	}
	if len(p.Features) == 0 {
		p.Features = more.Features
	}
	return p
}
