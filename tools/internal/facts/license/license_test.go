package license

import (
	"strings"
	"testing"
)

func TestParse(t *testing.T) {
	for _, c := range []struct{ names, want string }{
		{"", ""},
		{"MIT", "MIT"},
		{"mit", "MIT"},
		{"MIT; Apache-2.0; MIT", "Apache-2.0 AND MIT"},
		{"(MIT OR apache-2.0)", "MIT OR Apache-2.0"},
		{"(MIT OR Apache-2.0) AND ISC; BSD-2-Clause", "BSD-2-Clause AND ISC AND (MIT OR Apache-2.0)"},
		{"(MIT OR Apache-2.0); ISC", "ISC AND (MIT OR Apache-2.0)"},
		{"GPL-2+", "GPL-2.0-or-later"},
		{"LGPL-2.1", "LGPL-2.1-only"},
		{"GPLv3+", "GPL-3.0-or-later"},
		{"GFDL-NIV-1.3+", "GFDL-1.3-no-invariants-or-later"},
		{"Expat and GPL-2 or BSD-3-clause", "MIT AND GPL-2.0-only OR BSD-3-Clause"},
		{"GPL-2.0-or-later WITH Classpath-exception-2.0", "GPL-2.0-or-later WITH Classpath-exception-2.0"},
		{"GPL-2.0-or-later WITH nonsense", "LicenseRef-GPL-2.0-or-later-WITH-nonsense"},
		{"Apache-2", "Apache-2.0"},
		{"Apache License 2.0", "Apache-2.0"},
		{"MPL-2.0+", "MPL-2.0+"},
		{"BSD", "LicenseRef-BSD"},
		{"MIT and custom", "LicenseRef-custom AND MIT"},
		{"  BSD   License ", "LicenseRef-BSD-License"},
		{"GPL-2+ with Bison exception", "LicenseRef-GPL-2-with-Bison-exception"},
		{"MIT OR", "LicenseRef-MIT-OR"},
		{"((MIT)", "LicenseRef-MIT"},
		{"LicenseRef-Foo", "LicenseRef-Foo"},
		{"NOASSERTION; UNKNOWN; SEE LICENSE IN LICENSE.md", ""},
		{"!", "LicenseRef-unknown"},
	} {
		if got := Parse(strings.Split(c.names, ";")).String(); got != c.want {
			t.Errorf("%q: got %q, want %q", c.names, got, c.want)
		}
	}
}

func TestReferences(t *testing.T) {
	got := Parse([]string{"BSD License", "MIT and custom", "ISC"}).References()
	if len(got) != 2 || got["LicenseRef-BSD-License"] != "BSD License" || got["LicenseRef-custom"] != "custom" {
		t.Errorf("got %v", got)
	}
}

func TestAllowed(t *testing.T) {
	allowed := []string{"mit", "Apache-2.0", "GPL-2.0-or-later WITH Classpath-exception-2.0", "LicenseRef-ours", "LGPL-3.0-only"}
	for _, c := range []struct {
		name string
		want bool
	}{
		{"MIT", true},
		{"", false},
		{"ISC", false},
		{"MIT AND ISC", false},
		{"MIT OR ISC", true},
		{"(MIT OR ISC) AND Apache-2.0", true},
		{"GPL-2.0-or-later", false},
		{"GPL-2.0-or-later WITH Classpath-exception-2.0", true},
		{"LGPL-3.0-only WITH LGPL-3.0-linking-exception", true},
		{"ours", true},
	} {
		if got := Parse([]string{c.name}).Allowed(allowed); got != c.want {
			t.Errorf("%q: allowed %t, want %t", c.name, got, c.want)
		}
	}
}

// An expression stays the same if it is read again.
func FuzzParse(f *testing.F) {
	for _, seed := range []string{"(MIT OR ISC) AND GPL-2+", "a with b", "((x", "LicenseRef-", "GPL-2.0-only WITH LLVM-exception OR MIT"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, name string) {
		once := Parse([]string{name}).String()
		if again := Parse([]string{once}).String(); again != once {
			t.Errorf("%q: %q, then %q", name, once, again)
		}
	})
}
