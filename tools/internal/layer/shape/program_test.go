package shape

import (
	"errors"
	"fmt"
	"strings"
	"testing"
)

func TestLaunch(t *testing.T) {
	const loader = "/lib64/ld-linux-x86-64.so.2"
	const search = "/usr/local/bin:/usr/bin"
	base := Shape{
		Symlinks: map[string]string{"/bin": "usr/bin", "/lib64": "/usr/lib64", "/loop": "loop", "/up": "../../usr"},
		Programs: map[string]Program{
			"/usr/bin/env": "", "/usr/bin/sh": "", "/usr/bin/perl": loader, "/usr/bin/python3": Program(loader), "/usr/bin/awk": "/bin/none",
			"/usr/bin/bash": "",
		},
	}
	whole := Shape{Programs: map[string]Program{"/usr/lib64/ld-linux-x86-64.so.2": ""}}
	for _, c := range []struct {
		program Program
		layers  []*Shape
		want    string // the end of the error
	}{
		{"", nil, ""},
		{"/bin/sh", nil, "/app/x, which starts with #!/bin/sh, needs /bin/sh"},
		{"/bin/sh -e", []*Shape{&base}, ""},
		{"/usr/bin/zsh -e", []*Shape{&base}, "/app/x, which starts with #!/usr/bin/zsh -e, needs /usr/bin/zsh"},
		{"/up/../usr/bin/sh", []*Shape{&base}, ""},
		{"/loop/sh", []*Shape{&base}, "needs /loop/sh"},
		{"sh", nil, ""}, // relative to the working directory
		{loader, nil, "/app/x, which is linked for " + loader + ", needs " + loader},
		{loader, []*Shape{&base}, "needs " + loader},
		{loader, []*Shape{&base, &whole}, ""},
		{"/bin/perl", []*Shape{&base}, "/usr/bin/perl, which is linked for " + loader + ", needs " + loader},
		{"/bin/perl", []*Shape{&base, &whole}, ""},
		{"/bin/awk -f", []*Shape{&base}, "/usr/bin/awk, which starts with #!/bin/none, needs /bin/none"},
		{"/usr/bin/env python3", nil, "#!/usr/bin/env python3, needs /usr/bin/env"},
		{"/usr/bin/env python3", []*Shape{&base, &whole}, ""},
		{"/usr/bin/env python3", []*Shape{&base}, "needs " + loader},
		{"/usr/bin/env python2", []*Shape{&base}, "/app/x, which starts with #!/usr/bin/env python2, needs python2 in PATH, " + search},
		{"/usr/bin/env -S A=1 bash -e", []*Shape{&base}, ""},
		{"/usr/bin/env -S A=1 ksh -e", []*Shape{&base}, "needs ksh in PATH, " + search},
		{"/usr/bin/env --chdir=/ ksh", []*Shape{&base}, ""}, // not understood
		{"/bin/sh", []*Shape{{}}, ""},                       // a layer whose programs are unknown
		{"/bin/sh", []*Shape{&base, {}}, ""},
		{"/bin/sh", []*Shape{&base, {Removed: []string{"/usr/bin"}, Programs: map[string]Program{}}}, "needs /bin/sh"},
		{"/bin/sh", []*Shape{&base, {Symlinks: map[string]string{"/usr/bin/sh": "bash"}, Programs: map[string]Program{}}}, ""},
		{"/bin/sh", []*Shape{&base, {Symlinks: map[string]string{"/usr/bin/sh": "zsh"}, Programs: map[string]Program{}}}, "needs /bin/sh"},
	} {
		var stack Shape
		for _, layer := range append(c.layers, &Shape{Programs: map[string]Program{"/app/x": c.program}}) {
			stack.Put(layer)
		}
		err := stack.Launch("/app/x", strings.Split(search, ":"))
		if c.want == "" && err != nil || c.want != "" && (!errors.Is(err, ErrCannotStart) || !strings.HasSuffix(err.Error(), c.want)) {
			t.Errorf("%s on %d layers: got %v, want %s", c.program, len(c.layers), err, c.want)
		}
	}
}

func TestLaunchByName(t *testing.T) {
	stack := Shape{Programs: map[string]Program{"/app/x": "/bin/sh", "/app/loop": "/app/loop"}}
	for name, fails := range map[string]bool{
		"x": true, "/app/../app/x": true, "y": false, "./x": false, "": false, "/app/y": false, "/app/loop": false,
	} {
		if err := stack.Launch(name, []string{"/bin", "/app"}); (err != nil) != fails {
			t.Errorf("%s: got %v", name, err)
		}
	}
}

// The programs of a stack are known only if those of all layers are.
func TestPrograms(t *testing.T) {
	known := &Shape{Programs: map[string]Program{"/a": "/bin/sh"}}
	for _, c := range []struct {
		layers []*Shape
		want   string
	}{
		{nil, `{"version":1}`},
		{[]*Shape{known}, `{"version":1,"programs":{"/a":"/bin/sh"}}`},
		{[]*Shape{{Programs: map[string]Program{}}}, `{"version":1,"programs":{}}`},
		{[]*Shape{known, {}}, `{"version":1}`},
		{[]*Shape{{}, known}, `{"version":1}`},
	} {
		var stack Shape
		for _, layer := range c.layers {
			stack.Put(layer)
		}
		if got := text(t, &stack); got != c.want+"\n" {
			t.Errorf("got %swant %s", got, c.want)
		}
	}
}

// A layer with very many programs has a small shape.
func TestManyPrograms(t *testing.T) {
	programs := make(map[string]string)
	for i := range maxPrograms {
		programs[fmt.Sprintf("/%d", i)] = ""
	}
	if s := Of(nil, programs); len(s.Programs) != maxPrograms {
		t.Errorf("%d programs", len(s.Programs))
	}
	programs["/more"] = ""
	if s := Of(nil, programs); s.Programs != nil {
		t.Errorf("%d programs", len(s.Programs))
	}
}

func TestKeepInterpreters(t *testing.T) {
	var base Shape
	base.Put(&Shape{
		Symlinks: map[string]string{"/bin": "usr/bin", "/usr/bin/sh": "../lib/shell", "/usr/bin/view": "../lib/viewer"},
		Programs: map[string]Program{
			"/usr/bin/env": "", "/usr/bin/python3.13": "", "/usr/lib/shell": "", "/usr/lib/viewer": "", "/usr/bin/apt": "/bin/bash",
		},
	})
	base.KeepInterpreters()
	text, err := base.Marshal()
	if err != nil {
		t.Fatal(err)
	}
	const want = `"interpreters":{"/usr/bin/env":"","/usr/bin/python3.13":"","/usr/lib/shell":""}`
	if !strings.Contains(string(text), want) || strings.Contains(string(text), "programs") {
		t.Errorf("got %s, want %s", text, want)
	}
	for program, want := range map[Program]bool{
		"/bin/sh":             true,
		"/bin/bash":           false,
		"/usr/bin/env python": false,
		"/usr/bin/view":       true, // not an interpreter that is recorded, so it may exist
		"/opt/tool":           true,
	} {
		below, err := Parse(text)
		if err != nil {
			t.Fatal(err)
		}
		var stack Shape
		stack.Put(below)
		stack.Put(&Shape{Programs: map[string]Program{"/app/x": program}})
		if err := stack.Launch("/app/x", []string{"/usr/bin"}); (err == nil) != want {
			t.Errorf("%s: %v", program, err)
		}
	}
}
