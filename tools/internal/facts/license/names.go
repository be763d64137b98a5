package license

import (
	_ "embed"
	"strings"
	"sync"

	"github.com/rules-strata/rules_strata/tools/internal/pattern"
)

//go:embed licenses.txt
var licenseList string

//go:embed exceptions.txt
var exceptionList string

// licenses and exceptions are the identifiers of the SPDX license list by their lower-case form.
var (
	licenses   = sync.OnceValue(func() map[string]string { return index(licenseList) })
	exceptions = sync.OnceValue(func() map[string]string { return index(exceptionList) })
)

func index(list string) map[string]string {
	ids := make(map[string]string)
	for id := range strings.FieldsSeq(list) {
		ids[strings.ToLower(id)] = id
	}
	return ids
}

// aliases are unambiguous names of licenses in lower case, as Debian, PyPI, npm and Conda have them.
var aliases = map[string]string{
	"apache 2":                             "Apache-2.0",
	"apache 2.0":                           "Apache-2.0",
	"apache license 2.0":                   "Apache-2.0",
	"apache license, version 2.0":          "Apache-2.0",
	"apache license version 2.0":           "Apache-2.0",
	"apache software license 2.0":          "Apache-2.0",
	"apache-2":                             "Apache-2.0",
	"boost software license 1.0 (bsl-1.0)": "BSL-1.0",
	"bsd 2-clause":                         "BSD-2-Clause",
	"bsd 3-clause":                         "BSD-3-Clause",
	"bsd 3-clause license":                 "BSD-3-Clause",
	"cc0 1.0 universal (cc0 1.0) public domain dedication": "CC0-1.0",
	"expat":                                "MIT",
	"gnu affero general public license v3": "AGPL-3.0-only",
	"gnu affero general public license v3 or later (agplv3+)": "AGPL-3.0-or-later",
	"gnu general public license v2 (gplv2)":                   "GPL-2.0-only",
	"gnu general public license v2 or later (gplv2+)":         "GPL-2.0-or-later",
	"gnu general public license v3 (gplv3)":                   "GPL-3.0-only",
	"gnu general public license v3 or later (gplv3+)":         "GPL-3.0-or-later",
	"gnu lesser general public license v3 (lgplv3)":           "LGPL-3.0-only",
	"gnu lesser general public license v3 or later (lgplv3+)": "LGPL-3.0-or-later",
	"isc license":                          "ISC",
	"isc license (iscl)":                   "ISC",
	"mit license":                          "MIT",
	"mit/x11":                              "MIT",
	"mozilla public license 2.0 (mpl 2.0)": "MPL-2.0",
	"new bsd":                              "BSD-3-Clause",
	"new bsd license":                      "BSD-3-Clause",
	"psf":                                  "PSF-2.0",
	"psf license":                          "PSF-2.0",
	"python software foundation license":   "PSF-2.0",
	"the mit license":                      "MIT",
	"the unlicense (unlicense)":            "Unlicense",
	"zlib/libpng license":                  "Zlib",
}

// gnuForm matches the short names of the GNU licenses in Debian and elsewhere, like "LGPL-2.1+" and "GPLv3".
var gnuForm = pattern.New(`^(a?gpl|lgpl|gfdl)[- ]?v?([0-9])(\.[0-9])?(\+|-only|-or-later)?$`)

// alias returns the identifier of a license, or an empty string if the name is not that of one.
func alias(name string) string {
	lower := strings.ToLower(name)
	if gnu := gnuForm().FindStringSubmatch(lower); gnu != nil {
		id := gnu[1] + "-" + gnu[2] + gnu[3]
		if gnu[3] == "" {
			id += ".0"
		}
		if gnu[4] == "+" {
			gnu[4] = "-or-later"
		}
		if gnu[4] == "" {
			gnu[4] = "-only"
		}
		return licenses()[id+gnu[4]]
	}
	for _, candidate := range []string{lower, aliases[lower], lower + ".0"} {
		if id := licenses()[strings.ToLower(candidate)]; id != "" {
			return id
		}
	}
	// "Or any later version", which an identifier may end in.
	if version, ok := strings.CutPrefix(lower, "gfdl-niv-"); ok { // Debian: no invariant sections
		base, later := strings.CutSuffix(version, "+")
		if later {
			return licenses()["gfdl-"+base+"-no-invariants-or-later"]
		}
		return licenses()["gfdl-"+base+"-no-invariants-only"]
	}
	if base, ok := strings.CutSuffix(lower, "+"); ok && licenses()[base] != "" {
		return licenses()[base] + "+"
	}
	return ""
}
