package expect_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/rules-strata/rules_strata/tools/internal/expect"
	"github.com/rules-strata/rules_strata/tools/internal/image/imagetest"
)

// check runs assertions on the test image, and returns the results as a text.
func check(t *testing.T, text string) string {
	t.Helper()
	checks, err := expect.ParseAssertions("//:test", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	store := make(imagetest.Store)
	i, err := expect.Open(t.Context(), store, image(t, store, "arm64"), expect.Options{Scratch: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	defer i.Close()
	results, err := checks.Run(t.Context(), i)
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	for _, r := range results {
		fmt.Fprintf(&b, "%s: %s: %q\n", r.Where(), r.Name, r.Problems)
	}
	return b.String()
}

func TestAssertions(t *testing.T) {
	for _, test := range []struct{ text, want string }{
		{`{}`, ""},
		{`{"exists": {"/etc/passwd": "file 0644 0:0", "/abs": "symlink", "/tmp/": "1777 directory", "/usr": ""}}`,
			`//:test: exists /abs symlink: []
//:test: exists /etc/passwd file 0644 0:0: []
//:test: exists /tmp/ 1777 directory: []
//:test: exists /usr: []
`},
		{`{"exists": {"/usr/bin/tool": "directory 0755 0:0", "/none": "file"}}`,
			`//:test: exists /none file: ["/none does not exist"]
//:test: exists /usr/bin/tool directory 0755 0:0: ["it is a file, expected a directory" ` +
				`"it is of mode 4750, expected of mode 0755" "it is owned by 1:2, expected owned by 0:0"]
`},
		{`{"absent": ["/etc/deleted", "/abs/bin/tool", "**/*.pyc", "/usr/share/doc/*/copyright", "/e*/", "/etc/p*/"]}`,
			`//:test: absent /etc/deleted: []
//:test: absent /abs/bin/tool: ["/abs/bin/tool exists: file /usr/bin/tool"]
//:test: absent **/*.pyc: []
//:test: absent /usr/share/doc/*/copyright: ["file /usr/share/doc/bad/copyright exists" "file /usr/share/doc/good/copyright exists"]
//:test: absent /e*/: ["directory /etc exists"]
//:test: absent /etc/p*/: []
`},
		{`{"absent": ["/usr/**"]}`, `//:test: absent /usr/**: ["directory /usr exists" "directory /usr/bin exists" ` +
			`"file /usr/bin/tool exists" "directory /usr/share exists" "directory /usr/share/doc exists" "9 more exist"]
`},
		{`{"contents": {"/etc/motd": "(?m)^line two$", "/abs/bin/tool": "^$", "/etc": "x", "/none": "x"}}`,
			`//:test: contents /abs/bin/tool: ["nothing matches \"^$\""]
//:test: contents /etc: ["/etc is a directory, not a file"]
//:test: contents /etc/motd: []
//:test: contents /none: ["/none does not exist"]
`},
		{`{"config": {"user": "^app$", "workdir": "^/srv$", "env.PATH": "^/usr/bin:", "env.NONE": "", "labels.version": "^2",
			"entrypoint": "tool\"]$", "cmd": "^\\[\\]$", "exposed_ports": "80/tcp", "volumes": "/data", "os": "linux",
			"architecture": "arm64", "variant": "^$", "stop_signal": "^$"}}`,
			`//:test: config architecture: []
//:test: config cmd: []
//:test: config entrypoint: []
//:test: config env.NONE: ["it is not set"]
//:test: config env.PATH: []
//:test: config exposed_ports: []
//:test: config labels.version: ["it is \"1.2.3\", which \"^2\" does not match"]
//:test: config os: []
//:test: config stop_signal: []
//:test: config user: []
//:test: config variant: []
//:test: config volumes: []
//:test: config workdir: []
`},
		{`{"max_size": "1MB", "max_layer_size": "9kB", "max_layers": 2}`,
			`//:test: max_size 1MB: []
//:test: max_layer_size 9kB: ["layer 1 has 10240 bytes"]
//:test: max_layers 2: []
`},
		{`{"max_wasted": "1B"}`, "//:test: max_wasted 1B: []\n"},
		{`{"max_wasted": "0"}`,
			`//:test: max_wasted 0: ["no path shows 1 bytes of the contents" "layer 1 has 1 of them"]
`},
		{`{"max_size": "5 kB", "max_layer_size": "1.5e4", "max_layers": 1}`,
			`//:test: max_size 5 kB: ["the layers have 12800 bytes"]
//:test: max_layer_size 1.5e4: []
//:test: max_layers 1: ["the image has 2 layers"]
`},
	} {
		if got := check(t, test.text); got != test.want {
			t.Errorf("%s: got\n%s\nwant\n%s", test.text, got, test.want)
		}
	}
}

func TestAssertionsRefused(t *testing.T) {
	for text, want := range map[string]string{
		``:                           "EOF",
		`{} {}`:                      "expected one JSON object",
		`{"exist": {}}`:              `json: unknown field "exist"`,
		`{"exists": {"/a": "link"}}`: `exists: /a: "link": expected file, directory, symlink, an octal mode like 0755, or an owner like 0:0`,
		`{"exists": {"/a": "0:x"}}`:  `exists: /a: "0:x": expected file, directory, symlink, an octal mode like 0755, or an owner like 0:0`,
		`{"exists": {"/a": "7"}}`:    `exists: /a: "7": expected file, directory, symlink, an octal mode like 0755, or an owner like 0:0`,
		`{"absent": ["/a**"]}`:       `absent: /a**: "**" must be a whole segment, between two "/"`,
		`{"contents": {"/a": "("}}`:  "contents: /a: error parsing regexp: missing closing ): `(`",
		`{"config": {"user": "("}}`:  "config: user: error parsing regexp: missing closing ): `(`",
		`{"config": {"users": ""}}`: "config: users: expected architecture, cmd, entrypoint, env.NAME, exposed_ports, " +
			"labels.KEY, os, stop_signal, user, variant, volumes or workdir",
		`{"max_size": "20 apples"}`:   `max_size: "20 apples": expected a size like 20MB or 1.5GiB`,
		`{"max_layer_size": "-1"}`:    `max_layer_size: "-1": expected a size like 20MB or 1.5GiB`,
		`{"max_layer_size": "1e90B"}`: `max_layer_size: "1e90B": expected a size like 20MB or 1.5GiB`,
		`{"max_layers": -1}`:          "max_layers: -1 is negative",
	} {
		if _, err := expect.ParseAssertions("//:test", []byte(text)); err == nil || err.Error() != want {
			t.Errorf("%s: got\n%v\nwant\n%s", text, err, want)
		}
	}
}
