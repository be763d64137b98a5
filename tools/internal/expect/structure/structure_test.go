package structure

import (
	"encoding/json"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
)

// complete has every key of the schema.
const complete = `schemaVersion: "2.0.0"
globalEnvVars: [{key: A, value: 1}]
containerRunOptions:
  user: app
  privileged: true
  allocateTty: yes
  envFile: file
  envVars: [B, C=d]
  capabilities: [NET_BIND_SERVICE]
  bindMounts: ["/a:/b"]
commandTests:
- name: command
  setup: [[mkdir, /x]]
  teardown: [[rmdir, /x]]
  envVars: [{key: E, value: f}]
  command: ls
  args: [-l, 1]
  exitCode: 2
  expectedOutput: [a]
  excludedOutput: [b]
  expectedError: [c]
  excludedError: [d]
fileExistenceTests:
- {name: exists, path: /a, permissions: -rw-r--r--, uid: 1, gid: 2, isExecutableBy: any}
- {name: absent, path: /b, shouldExist: false}
fileContentTests:
- {name: content, path: /a, expectedContents: [x], excludedContents: [y]}
metadataTest:
  env: [{key: OLD, value: name}]
  envVars: [{key: NEW, value: "^n", isRegex: true}]
  unboundEnvVars: [{key: NO}]
  labels: [{key: l, value: v}]
  exposedPorts: [80, 53/udp]
  unexposedPorts: ["81"]
  entrypoint: []
  cmd: [a, b]
  workdir: /w
  volumes: [/v]
  unmountedVolumes: [/u]
  user: 1000
licenseTests: [{debian: true, files: [/f]}]
`

func TestParse(t *testing.T) {
	f, err := Parse("test.yaml", []byte(complete))
	if err != nil {
		t.Fatal(err)
	}
	text, err := json.MarshalIndent(f, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	golden := filepath.Join("testdata", "complete.json")
	want, err := os.ReadFile(golden)
	if err != nil || string(want) != string(text)+"\n" {
		t.Errorf("%s differs (%v); got\n%s", golden, err, text)
	}
}

// A file in JSON has the meaning, and the lines, of the same file in YAML.
func TestJSON(t *testing.T) {
	const text = `{
	"schemaVersion": "2.0.0",
	"fileExistenceTests": [
		{"name": "a", "path": "/é\/\ud83d\ude00", "shouldExist": false, "uid": 3}
	],
	"metadataTest": {
		"cmd": null, "entrypoint": []
	}
}`
	const same = `
schemaVersion: "2.0.0"
fileExistenceTests:
- {name: a, path: /é/😀, shouldExist: false, uid: 3}
metadataTest:

  {cmd: null, entrypoint: []}
`
	fromJSON, err := Parse("a.json", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	fromYAML, err := Parse("a.json.yaml", []byte(same))
	if err != nil {
		t.Fatal(err)
	}
	fromYAML.Name = fromJSON.Name
	if !reflect.DeepEqual(fromJSON, fromYAML) {
		t.Errorf("got %+v, want %+v", fromJSON, fromYAML)
	}
}

func TestAliases(t *testing.T) {
	f, err := Parse("a.yaml", []byte(`schemaVersion: "2.0.0"
metadataTest: {cmd: &words [a, b], entrypoint: *words}`))
	if err != nil || !reflect.DeepEqual(f.Metadata.Cmd.Values, f.Metadata.Entrypoint.Values) {
		t.Errorf("%+v, %v", f, err)
	}
}

func TestRefused(t *testing.T) {
	version := "schemaVersion: \"2.0.0\"\n"
	for _, test := range []struct{ name, text, want string }{
		{"a.yaml", "", "a.yaml: the file is empty"},
		{"a.yaml", "a: \xff", "a.yaml: not UTF-8"},
		{"a.yaml", "\ta: b", "a.yaml: found character that cannot start any token"},
		{"a.yaml", "[1]", "a.yaml:1: expected keys with values: commandTests, containerRunOptions, fileContentTests, " +
			"fileExistenceTests, globalEnvVars, licenseTests, metadataTest, schemaVersion"},
		{"a.yaml", "commandTests: []", `a.yaml:1: schemaVersion is missing; expected "2.0.0"`},
		{"a.yaml", `schemaVersion: "1.0.0"`, `a.yaml:1: schemaVersion is "1.0.0"; only 2.0.0 is supported`},
		{"a.yaml", version, "a.yaml:1: the file has no tests"},
		{"a.yaml", version + "---\na: b", "a.yaml:2: expected one document"},
		{"a.yaml", version + "metadataTest: {}", "a.yaml:1: the file has no tests"},
		{"a.yaml", version + "metadataTest:\n  users: a", `a.yaml:3: unknown key "users"; expected one of: cmd, entrypoint, ` +
			"env, envVars, exposedPorts, labels, unboundEnvVars, unexposedPorts, unmountedVolumes, user, volumes, workdir"},
		{"a.yaml", version + "metadataTest:\n  user: a\n  user: b", "a.yaml:4: user is already in line 3"},
		{"a.yaml", version + "metadataTest: {user: [a]}", "a.yaml:2: expected a string"},
		{"a.yaml", version + "metadataTest: {cmd: a}", "a.yaml:2: expected a list"},
		{"a.yaml", version + "metadataTest: {labels: [{value: a}]}", "a.yaml:2: key is missing or empty"},
		{"a.yaml", version + "metadataTest: {labels: [{key: a, value: (, isRegex: true}]}",
			"a.yaml:2: error parsing regexp: missing closing ): `(`"},
		{"a.yaml", version + "metadataTest: {volumes: ['']}", "a.yaml:2: the value is empty"},
		{"a.yaml", version + "globalEnvVars: [{key: a, value: b, isRegex: true}]",
			"a.yaml:2: isRegex is for expected values; this sets the variable a"},
		{"a.yaml", version + "commandTests: [{command: a}]", "a.yaml:2: name is missing or empty"},
		{"a.yaml", version + "commandTests: [{name: a}]", "a.yaml:2: command is missing or empty"},
		{"a.yaml", version + "commandTests: [{name: a, command: b, exitCode: c}]", "a.yaml:2: expected an integer"},
		{"a.yaml", version + "commandTests: [{name: a, command: b, setup: [[]]}]", "a.yaml:2: the command is empty"},
		{"a.yaml", version + "fileContentTests:\n- name: a\n  path: b\n  expectedContents: [ok, '[']",
			"a.yaml:5: error parsing regexp: missing closing ]: `[`"},
		{"a.yaml", version + "fileExistenceTests: [{name: a, path: b, isExecutableBy: me}]",
			`a.yaml:2: isExecutableBy is "me"; expected owner, group, other or any`},
		{"a.yaml", version + "fileExistenceTests: [{name: a, path: b, shouldExist: 1}]", "a.yaml:2: expected true or false"},
		{"a.yaml", version + "licenseTests: [{}]", "a.yaml:2: the test checks nothing: set debian or files"},
		{"a.yaml", version + "a: &a {<<: *a}", `a.yaml:2: unknown key "a"; expected one of: commandTests, ` +
			"containerRunOptions, fileContentTests, fileExistenceTests, globalEnvVars, licenseTests, metadataTest, schemaVersion"},
		{"a.yaml", version + "metadataTest: {<<: {user: a}}", "a.yaml:2: merge keys are not supported; write out the keys"},
		{"a.json", "{\n\"a\"", "a.json:2: unexpected EOF"},
		{"a.json", "{\n\"a\": 1}\n2", "a.json:3: expected one value"},
		{"a.json", strings.Repeat("[", 200), "a.json:1: nested too deeply"},
		{"a.json", strings.Repeat(" ", MaxSize+1), "a.json: larger than 4194304 bytes"},
	} {
		if _, err := Parse(test.name, []byte(test.text)); err == nil || err.Error() != test.want {
			t.Errorf("%q: got\n%v\nwant\n%s", test.text, err, test.want)
		}
	}
}

// Any text is a file or an error that names it.
func FuzzParse(f *testing.F) {
	f.Add("a.yaml", []byte(complete))
	f.Add("a.json", []byte(`{"schemaVersion":"2.0.0","licenseTests":[{"files":["a"]}]}`))
	f.Add("a.yaml", []byte("a: &a [*a]\n"))
	f.Fuzz(func(t *testing.T, name string, data []byte) {
		file, err := Parse(name, data)
		if err == nil && file.isEmpty() || err != nil && !strings.HasPrefix(err.Error(), name+":") {
			t.Errorf("%+v, %v", file, err)
		}
	})
}
