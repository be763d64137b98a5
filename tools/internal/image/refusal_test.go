package image

import (
	"errors"
	"fmt"
	"testing"

	"github.com/rules-strata/rules_strata/tools/internal/oci"
)

// checkRefusal fails unless the error message is exactly want.
func checkRefusal(t *testing.T, err error, want string) {
	t.Helper()
	if err == nil {
		t.Fatalf("no error, want %q", want)
	}
	if err.Error() != want {
		t.Errorf("got  %s\nwant %s", err, want)
	}
}

func TestConfigRefusesSettings(t *testing.T) {
	const known = "allow_any_architecture, allow_missing_interpreter, append_cmd, append_entrypoint, architecture, author, clear, cmd, created, entrypoint, env, exposed_ports, " +
		"healthcheck, healthcheck_interval, healthcheck_retries, healthcheck_start_interval, healthcheck_start_period, " +
		"healthcheck_timeout, labels, least_variant, os, os_features, os_version, program, shell, stop_signal, unset_env, unset_labels, user, " +
		"variant, volumes, workdir"
	const clearable = "architecture, author, cmd, created, entrypoint, env, exposed_ports, healthcheck, labels, os, " +
		"os_features, os_version, shell, stop_signal, user, variant, volumes, workdir"
	const port = " is not a port from 1 to 65535, alone or followed by /tcp, /udp or /sctp"
	const badTime = " is not a time of at least 1ms, such as 30s or 1m30s"
	const missing = "healthcheck: not set, but its interval, timeout, start period or retries are"
	const badTest = "healthcheck: got %s, expected NONE, CMD with a program and arguments, or CMD-SHELL with a line"
	for _, test := range []struct{ settings, want string }{
		{``, `not JSON: empty document`},
		{`[]`, `this is a JSON list, not a JSON object`},
		{`"x"`, `this is a JSON string, not a JSON object`},
		{`7`, `this is the JSON value 7, not a JSON object`},
		{`{} {}`, `not JSON: trailing data after the JSON value at byte 4`},
		{`{`, `not JSON: unexpected EOF`},
		{"{\"user\":\"\xff\"}", `not UTF-8 text`},
		{`{"user":"a","user":"b"}`, `key "user" occurs twice`},
		{`{"labels":{},"entry":[]}`, `unknown name "entry", expected one of ` + known},
		{`{"User":"u"}`, `unknown name "User", expected one of ` + known},
		{`{"clear":["user","clear"]}`, `clear: unknown name "clear", expected one of ` + clearable},
		{`{"clear":"user"}`, `clear: got a JSON string, expected a list`},
		{`{"unset_env":["A"]}`, `unset_env: the base has no variable "A"; available: none`},
		{`{"unset_labels":["A"]}`, `unset_labels: the base has no label "A"; available: none`},
		{`{"unset_env":[""]}`, `unset_env: the base has no variable ""; available: none`},
		{`{"unset_env":"A"}`, `unset_env: got a JSON string, expected a list`},
		{`{"clear":["unset_env"]}`, `clear: unknown name "unset_env", expected one of ` + clearable},
		{`{"env":["A=1"]}`, `env: got a JSON array, expected an object`},
		{`{"env":{"A":1}}`, `env: got a JSON number, expected a string`},
		{`{"cmd":"ls"}`, `cmd: got a JSON string, expected a list`},
		{`{"user":1}`, `user: got a JSON number, expected a string`},
		{`{"healthcheck":{}}`, `healthcheck: got a JSON object, expected a list`},
		{
			`{"healthcheck":["NONE"],"healthcheck_retries":"3"}`,
			`healthcheck_retries: got a JSON string, expected a number`,
		},
		{`{"healthcheck":["NONE"],"healthcheck_retries":-1}`, `healthcheck_retries: -1 is negative`},
		{`{"healthcheck_retries":3}`, missing},
		{`{"healthcheck_start_interval":"5s"}`, missing},
		{`{"healthcheck":[]}`, fmt.Sprintf(badTest, `[]`)},
		{`{"healthcheck":["NONE","x"]}`, fmt.Sprintf(badTest, `["NONE" "x"]`)},
		{`{"healthcheck":["CMD"]}`, fmt.Sprintf(badTest, `["CMD"]`)},
		{`{"healthcheck":["CMD-SHELL","a","b"]}`, fmt.Sprintf(badTest, `["CMD-SHELL" "a" "b"]`)},
		{`{"healthcheck":["CMD","a\u0000"]}`, `healthcheck: "a\x00" contains a NUL byte`},
		{`{"healthcheck":["NONE"],"healthcheck_interval":"5"}`, `healthcheck_interval: "5"` + badTime},
		{`{"healthcheck":["NONE"],"healthcheck_timeout":"-1s"}`, `healthcheck_timeout: "-1s"` + badTime},
		{`{"healthcheck":["NONE"],"healthcheck_start_period":"1us"}`, `healthcheck_start_period: "1us"` + badTime},
		{`{"env":{"":"x"}}`, `env: invalid variable name "": it must not be empty or contain "=" or a NUL byte`},
		{
			`{"env":{"A=B":"x"}}`,
			`env: invalid variable name "A=B": it must not be empty or contain "=" or a NUL byte`,
		},
		{
			`{"env":{"A\u0000":"x"}}`,
			`env: invalid variable name "A\x00": it must not be empty or contain "=" or a NUL byte`,
		},
		{`{"env":{"A":"\u0000"}}`, `env: value of A contains a NUL byte`},
		{`{"entrypoint":["\u0000"]}`, `entrypoint: "\x00" contains a NUL byte`},
		{`{"cmd":["a","b\u0000"]}`, `cmd: "b\x00" contains a NUL byte`},
		{`{"append_cmd":["b"],"cmd":["a"]}`, `append_cmd: cmd is set, too; add the arguments there`},
		{`{"append_cmd":["b"],"entrypoint":["a"]}`, `append_cmd: entrypoint is set, which drops the base's cmd; set cmd`},
		{`{"append_cmd":["b"]}`, `append_cmd: the base has neither an entrypoint nor a cmd; set cmd`},
		{`{"append_entrypoint":["b"],"entrypoint":["a"]}`, `append_entrypoint: entrypoint is set, too; add the arguments there`},
		{`{"append_entrypoint":["b"]}`, `append_entrypoint: the base has no entrypoint; set entrypoint`},
		{`{"clear":["append_cmd"]}`, `clear: unknown name "append_cmd", expected one of ` + clearable},
		{`{"created":"253402300800"}`,
			`created: "253402300800" is not an RFC 3339 time, such as 2006-01-02T15:04:05Z, or a number of seconds since 1970`},
		{`{"shell":["\u0000"]}`, `shell: "\x00" contains a NUL byte`},
		{`{"labels":{"":"x"}}`, `labels: empty label name for the value "x"`},
		{`{"exposed_ports":[""]}`, `exposed_ports: ""` + port},
		{`{"exposed_ports":["0"]}`, `exposed_ports: "0"` + port},
		{`{"exposed_ports":["65536"]}`, `exposed_ports: "65536"` + port},
		{`{"exposed_ports":["80-90"]}`, `exposed_ports: "80-90"` + port},
		{`{"exposed_ports":["+80"]}`, `exposed_ports: "+80"` + port},
		{`{"exposed_ports":["80/"]}`, `exposed_ports: "80/"` + port},
		{`{"exposed_ports":["80/icmp"]}`, `exposed_ports: "80/icmp"` + port},
		{`{"volumes":["data"]}`, `volumes: "data" is not an absolute path`},
		{`{"volumes":[""]}`, `volumes: "" is not an absolute path`},
		{`{"workdir":"a/b"}`, `workdir: "a/b" is not an absolute path`},
		{`{"workdir":"C:\\a"}`, `workdir: "C:\\a" is not an absolute path`},
		{`{"workdir":"/a\nb"}`, `workdir: "/a\nb" contains a control character`},
		{`{"user":"a:b:c"}`, `user: "a:b:c" is not USER or USER:GROUP`},
		{`{"user":"a\n"}`, `user: "a\n" is not USER or USER:GROUP`},
		{
			`{"stop_signal":"term please"}`,
			`stop_signal: "term please" is not a signal's name or number, such as SIGTERM, SIGRTMIN+3 or 15`,
		},
		{
			`{"created":"yesterday"}`,
			`created: "yesterday" is not an RFC 3339 time, such as 2006-01-02T15:04:05Z, or a number of seconds since 1970`,
		},
		{
			`{"created":"2020-01-01"}`,
			`created: "2020-01-01" is not an RFC 3339 time, such as 2006-01-02T15:04:05Z, or a number of seconds since 1970`,
		},
		{`{"created":""}`, `created: "" is not an RFC 3339 time, such as 2006-01-02T15:04:05Z, or a number of seconds since 1970`},
		{`{"os":"windows"}`, `platform conflicts with the base: the os is set to "windows", the base's is "linux"`},
		{
			`{"architecture":"arm64"}`,
			`platform conflicts with the base: the architecture is set to "arm64", the base's is "amd64"`,
		},
		{`{"clear":["os"]}`, `platform is incomplete: neither a setting nor a base states the os`},
		{`{"clear":["os"],"os":"a/b"}`, `platform: invalid os "a/b", expected a name like a GOOS or GOARCH value`},
		{`{"variant":"v 7"}`, `platform: invalid variant "v 7", expected a name like a GOOS or GOARCH value`},
		{
			`{"created":"9999-12-31T23:59:59-23:00"}`,
			`created: "9999-12-31T23:59:59-23:00" is not an RFC 3339 time, such as 2006-01-02T15:04:05Z, or a number of seconds since 1970`,
		},
	} {
		settings, want := test.settings, test.want
		t.Run(settings, func(t *testing.T) {
			_, err := build(onBase(`{}`), settings)
			checkRefusal(t, err, want)
		})
	}
}

func TestConfigRefusesBases(t *testing.T) {
	const rootfs = `,"rootfs":{"type":"layers","diff_ids":["D1"]}}`
	for _, test := range []struct{ base, want string }{
		{` `, `expected an image config: not JSON: empty document`},
		{`{"rootfs":`, `expected an image config: not JSON: unexpected EOF`},
		{"\x1f\x8b\x08", `this is gzip-compressed, expected an image config`},
		{`[{"Config":"x","Layers":[]}]`, `expected an image config: this is a JSON list, not a JSON object`},
		{`{}`, `this is a JSON object of an unknown kind, expected an image config`},
		{
			`{"schemaVersion":2,"mediaType":"application/vnd.oci.image.index.v1+json","manifests":[]}`,
			`this is an image index, expected an image config`,
		},
		{
			`{"schemaVersion":2,"mediaType":"application/vnd.docker.distribution.manifest.list.v2+json"}`,
			`this is an image index, expected an image config`,
		},
		{`{"manifests":[]}`, `this is an image index, expected an image config`},
		{
			`{"schemaVersion":2,"mediaType":"application/vnd.docker.distribution.manifest.v2+json","layers":[]}`,
			`this is an image manifest, expected an image config`,
		},
		{`{"schemaVersion":2,"config":{},"layers":[]}`, `this is an image manifest, expected an image config`},
		{
			`{"schemaVersion":1,"fsLayers":[]}`,
			`this is a Docker manifest of the old schema 1, expected an image config`,
		},
		{`{"imageLayoutVersion":"1.0.0"}`, `this is the marker file of an image layout, expected an image config`},
		{
			`{"mediaType":"application/vnd.oci.image.config.v1+json","digest":"D1","size":1}`,
			`this is a descriptor, expected an image config`,
		},
		{
			`{"mediaType":"application/vnd.oci.image.layer.v1.tar","digest":"D1","size":1,"diff_id":"D1"}`,
			`this is a layer's descriptor, expected an image config`,
		},
		{`{PLATFORM,"rootfs":null}`, `rootfs: type is "", expected "layers"`},
		{
			`{PLATFORM,"rootfs":{"type":"layers+base","diff_ids":[]}}`,
			`rootfs: type is "layers+base", expected "layers"`,
		},
		{
			`{PLATFORM,"rootfs":{"type":"layers","diff_ids":"D1"}}`,
			`rootfs: diff_ids: got a JSON string, expected a list`,
		},
		{
			`{PLATFORM,"rootfs":{"type":"layers","diff_ids":["D1","x"]}}`,
			`rootfs: diff_id of layer 2: digest "x": invalid checksum digest format`,
		},
		{
			`{PLATFORM,"rootfs":{"type":"layers","diff_ids":["sha512:1"]}}`,
			`rootfs: diff_id of layer 1: digest "sha512:1": algorithm "sha512" is not supported, expected sha256`,
		},
		{
			`{PLATFORM,"OS":"windows"` + rootfs,
			`key "OS" differs from "os" only in case, parsers would disagree about it`,
		},
		{
			`{PLATFORM,"Created":"x"` + rootfs,
			`key "Created" differs from "created" only in case, parsers would disagree about it`,
		},
		{`{PLATFORM,"os":"windows"` + rootfs, `expected an image config: key "os" occurs twice`},
		{`{PLATFORM,"author":7` + rootfs, `author: got a JSON number, expected a string`},
		{`{PLATFORM,"os.features":{}` + rootfs, `os.features: got a JSON object, expected a list`},
		{`{PLATFORM,"config":[]` + rootfs, `config: this is a JSON list, not a JSON object`},
		{
			`{PLATFORM,"config":{"env":[]}` + rootfs,
			`config: key "env" differs from "Env" only in case, parsers would disagree about it`,
		},
		{
			`{PLATFORM,"config":{"healthcheck":{}}` + rootfs,
			`config: key "healthcheck" differs from "Healthcheck" only in case, parsers would disagree about it`,
		},
		{`{PLATFORM,"config":{"Healthcheck":5}` + rootfs, `config: Healthcheck: got a JSON number, expected an object`},
		{
			`{PLATFORM,"config":{"Healthcheck":{"Retries":"3"}}` + rootfs,
			`config: Healthcheck: Retries: got a JSON string, expected a number`,
		},
		{`{PLATFORM,"config":{"Shell":"x"}` + rootfs, `config: Shell: got a JSON string, expected a list`},
		{`{PLATFORM,"config":{"OnBuild":7}` + rootfs, `config: OnBuild: got a JSON number, expected a list`},
		{`{PLATFORM,"config":{"ArgsEscaped":"no"}` + rootfs, `config: ArgsEscaped: got a JSON string, expected true or false`},
		{`{PLATFORM,"config":{"Env":[1]}` + rootfs, `config: Env: got a JSON number, expected a string`},
		{
			`{PLATFORM,"config":{"ExposedPorts":["80"]}` + rootfs,
			`config: ExposedPorts: got a JSON array, expected an object`,
		},
		{`{PLATFORM,"history":{}` + rootfs, `history: got a JSON object, expected a list`},
		{`{PLATFORM,"history":[null]` + rootfs, `history: entry 1: this is the JSON value null, not a JSON object`},
		{
			`{PLATFORM,"history":[{},{"empty_layer":1}]` + rootfs,
			`history: entry 2: empty_layer: got a JSON number, expected true or false`,
		},
		{
			`{PLATFORM,"history":[{"created":"now"}]` + rootfs,
			`history: entry 1: parsing time "now" as "2006-01-02T15:04:05Z07:00": cannot parse "now" as "2006"`,
		},
	} {
		base, want := test.base, test.want
		t.Run(base, func(t *testing.T) {
			_, err := build(base, `{}`)
			checkRefusal(t, err, "base config: "+want)
		})
	}
}

func TestConfigRefusesLayers(t *testing.T) {
	base := onBase(`{}`)
	_, err := build(base, `{}`, Layer{DiffID: one}, Layer{DiffID: "sha256:x"})
	checkRefusal(t, err, `diff_id of layer 2: digest "sha256:x": invalid checksum digest length`)
	_, err = build(base, `{}`, Layer{DiffID: one, History: &oci.History{EmptyLayer: true}})
	checkRefusal(t, err, `history of layer 1: empty_layer is set`)
}

func TestConfigPlatformErrors(t *testing.T) {
	for settings, want := range map[string]error{
		`{"clear":["architecture"]}`: ErrPlatformMissing,
		`{"architecture":"arm64"}`:   ErrPlatformConflict,
	} {
		if _, err := build(onBase(`{}`), settings); !errors.Is(err, want) {
			t.Errorf("%s: got %v, want %v", settings, err, want)
		}
	}
}

func TestConfigRefusesUnparsedClear(t *testing.T) {
	_, err := Config([]byte(fill(onBase(`{}`))), nil, Settings{Clear: []string{"nothing"}})
	checkRefusal(t, err, `clear: unknown name "nothing"`)
}

func TestConfigRefusesUnset(t *testing.T) {
	base := onBase(`{"Env":["PATH=/bin","TOKEN=secret"],"Labels":{"b":"1","a":"2"}}`)
	for settings, want := range map[string]string{
		`{"unset_env":["TOKEN","TOKE"]}`: `unset_env: the base has no variable "TOKE"; available: PATH, TOKEN`,
		`{"unset_labels":["c"]}`:         `unset_labels: the base has no label "c"; available: a, b`,
	} {
		_, err := build(base, settings)
		checkRefusal(t, err, want)
	}
}
