package bazel

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// events are those of a build of an aspect, in Bazel's form: sets of files may contain others, and targets are no aspects.
const events = `{"id":{"started":{}},"started":{}}
{"id":{"workspace":{}},"workspaceInfo":{"localExecRoot":"/root/execroot/_main"}}
{"id":{"namedSet":{"id":"0"}},"namedSetOfFiles":{"files":[{"name":"a","uri":"file:///x/a%20b","pathPrefix":["bazel-out"]}]}}
{"id":{"namedSet":{"id":"1"}},"namedSetOfFiles":{"files":[{"uri":"file:///x/c"}],"fileSets":[{"id":"0"}]}}
{"id":{"namedSet":{"id":"2"}},"namedSetOfFiles":{"files":[{"uri":"bytestream://cache/x"}]}}
{"id":{"targetCompleted":{"label":"//:x"}},"completed":{"outputGroup":[{"name":"group","fileSets":[{"id":"2"}]}]}}
{"id":{"targetCompleted":{"label":"//:x","aspect":"a"}},"completed":{"outputGroup":[{"name":"group","fileSets":[{"id":"1"},{"id":"0"}]},{"name":"far","fileSets":[{"id":"2"}]}]}}
`

func TestRead(t *testing.T) {
	b, err := read(strings.NewReader(events), []string{"group", "none"})
	if err != nil || b.Root != "/root/execroot/_main" || !slices.Equal(b.Files["group"], []string{"/x/c", "/x/a b"}) ||
		len(b.Files["none"]) != 0 {
		t.Errorf("%+v, %v", b, err)
	}
	for want, c := range map[string][2]string{
		"not on this machine": {events, "far"},
		"no execution root":   {"{}\n", "group"},
		"build event: ":       {"{\n", "group"},
	} {
		if b, err := read(strings.NewReader(c[0]), []string{c[1]}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %+v, %v; want %s", b, err, want)
		}
	}
}

// A failure of Bazel is an error, its output is shown, and the flags are in the right places.
func TestBuild(t *testing.T) {
	program := filepath.Join(t.TempDir(), "bazel")
	for script, want := range map[string]string{
		"echo \"$@\"; exit 3": "exit code 3",
		"exit 0":              "no such file or directory", // it has written no events
	} {
		if err := os.WriteFile(program, []byte("#!/bin/sh\n"+script+"\n"), 0o755); err != nil {
			t.Fatal(err)
		}
		var out bytes.Buffer
		c := Command{Program: program, Flags: []string{"--config=x"}, Err: &out}
		_, err := c.Build(context.Background(), "//:x", "a.bzl%b", "g", "h")
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v, want %s", script, err, want)
		}
		if script != "exit 0" && (!strings.HasPrefix(out.String(), "build --config=x ") ||
			!strings.Contains(out.String(), " --aspects=a.bzl%b --output_groups=g,h ") || !strings.HasSuffix(out.String(), " -- //:x\n")) {
			t.Errorf("got %s", &out)
		}
	}
	c := Command{Program: "no-bazel-here"}
	if _, err := c.Build(context.Background(), "//:x", "a"); err == nil {
		t.Error("no error")
	}
}
