package tree

import "testing"

// rules returns a builder with the rules that the function state adds.
func rules(t *testing.T, state func(r *Rules) []error) *Builder {
	t.Helper()
	b := new(Builder)
	for _, err := range state(&b.Rules) {
		if err != nil {
			t.Fatal(err)
		}
	}
	return b
}

// sample is a small tree of files, directories and a symlink.
var sample = []Entry{
	{Path: "/app/bin/tool", Origin: "o"},
	{Path: "/app/lib/x.so", Origin: "o"},
	{Path: "/app/lib/l", Kind: Symlink, Target: "x.so", Origin: "o"},
}

func TestRulesMode(t *testing.T) {
	b := rules(t, func(r *Rules) []error {
		return []error{
			r.Mode("/**", Perm(0o600)),       // files
			r.Mode("/app/**/", Perm(0o700)),  // directories
			r.Mode("app/bin", Perm(0o1777)),  // any kind
			r.Mode("/app/lib/", Perm(0o711)), // a directory
			r.Mode("/app/lib/*.so", Perm(0o4755)),
			r.Mode("/nothing/*", Perm(0)),
		}
	})
	got, err := list(b, sample...)
	check(t, got, err, `
app/ 0700 0:0 o
app/bin/ 1777 0:0 o
app/bin/tool 0600 0:0 o
app/lib/ 0711 0:0 o
app/lib/l 0777 0:0 -> x.so o
app/lib/x.so 4755 0:0 o
`)
}

func TestRulesOwner(t *testing.T) {
	b := rules(t, func(r *Rules) []error {
		return []error{
			r.Owner("/app/**", 1, 2),
			r.OwnerName("/app/lib/*", "u", "g"),
			r.Owner("/app/**/", 3, 4),
			r.OwnerName("/app/lib/l", "", "other"),
			r.Owner("/app/bin/tool", 4294967295, 0),
		}
	})
	got, err := list(b, sample...)
	check(t, got, err, `
app/ 0755 3:4 o
app/bin/ 0755 3:4 o
app/bin/tool auto 4294967295:0 o
app/lib/ 0755 3:4 o
app/lib/l 0777 1:2 :other -> x.so o
app/lib/x.so auto 1:2 u:g o
`)
}

// A rule applies to both entries for a path, so that it can settle a difference.
func TestRulesSettleConflict(t *testing.T) {
	b := rules(t, func(r *Rules) []error { return []error{r.Mode("/a", Perm(0o755))} })
	got, err := list(b, Entry{Path: "/a", Mode: Perm(0o700)}, Entry{Path: "/a"})
	check(t, got, err, "\na 0755 0:0 in0\n")
}

func TestRulesRefused(t *testing.T) {
	for pattern, want := range map[string]string{
		"/app/tool":      `mode "/app/tool": the layer has no such path`,
		"/app/bin/tool/": `mode "/app/bin/tool/": the path is a file (from o), not a directory`,
		"/app/lib/l":     `mode "/app/lib/l": the path is a symlink (from o), which has no mode`,
	} {
		_, err := list(rules(t, func(r *Rules) []error { return []error{r.Mode(pattern, Perm(0o755))} }), sample...)
		checkError(t, err, want)
	}
	var r Rules
	checkError(t, r.Owner("/a**", 0, 0), `owner pattern "/a**": "**" must be a whole segment, between two "/"`)
	checkError(t, r.OwnerName("/a", "x\x00", ""), `owner name "x\x00": contains a NUL byte`)
}
