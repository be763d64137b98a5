package guest

import (
	"bytes"
	"fmt"
	"reflect"
	"strings"
	"testing"
)

const (
	passwd = `root:x:0:0:root:/root:/bin/sh
app:x:1000:100:App:/home/app:/bin/sh
nohome:x:1001:1001:::
1000:x:5:5::/five:
bad-uid:x:-1:0::/:
bad-gid:x:7:4294967295::/:
short:x:8
`
	group = `root:x:0:
users:x:100:
audio:x:29:other,app
video:x:44:app
again:x:29:app
bad:x:none:bad-member
`
)

func TestResolve(t *testing.T) {
	got, err := Resolve(Config{
		Entrypoint: []string{"/bin/app", "--flag"}, Cmd: []string{"a b"},
		Env: []string{"A=1", "PATH=/opt/bin"}, User: "app", WorkingDir: "data", StopSignal: "SIGINT",
	}, Accounts{[]byte(passwd), []byte(group)})
	want := Run{
		Args: []string{"/bin/app", "--flag", "a b"}, Env: []string{"A=1", "PATH=/opt/bin", "HOME=/home/app"},
		Dir: "/data", UID: 1000, GID: 100, Groups: []uint32{29, 44}, StopSignal: 2,
	}
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, %v", got, err)
	}
	got, err = Resolve(Config{Cmd: []string{"app"}, Env: []string{"HOME=", "PATHS=/x"}}, Accounts{})
	want = Run{
		Args: []string{"app"}, Env: []string{"HOME=", "PATHS=/x", "PATH=" + defaultPath}, Dir: "/", StopSignal: 15,
	}
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, %v", got, err)
	}
}

func TestResolveRefused(t *testing.T) {
	for _, c := range []struct {
		config Config
		want   string
	}{
		{Config{}, "the image has neither an entrypoint nor a cmd, so there is no program to start"},
		{Config{Cmd: []string{""}}, "the first argument of the image's entrypoint or cmd is empty, so there is no program to start"},
		{Config{Cmd: []string{"a\x00"}}, `args: "a\x00" contains a NUL`},
		{Config{Cmd: []string{"a"}, Env: []string{"A=\x00"}}, `env: "A=\x00" contains a NUL`},
		{Config{Cmd: []string{"a"}, StopSignal: "SIGFOO"},
			`stop signal: unknown signal "SIGFOO"; expected a number or a name like SIGTERM`},
		{Config{Cmd: []string{"a"}, User: "app"}, `user "app": the image has no /etc/passwd; state the user by number`},
	} {
		if _, err := Resolve(c.config, Accounts{}); err == nil || err.Error() != c.want {
			t.Errorf("%+v: got %v, want %s", c.config, err, c.want)
		}
	}
}

func TestIdentity(t *testing.T) {
	accounts := Accounts{[]byte(passwd), []byte(group)}
	for spec, want := range map[string]string{
		"":                 "0 0 [] /root",
		"root":             "0 0 [] /root",
		":":                "0 0 [] /root",
		":users":           "0 100 [] /root",
		"app":              "1000 100 [29 44] /home/app",
		"app:":             "1000 100 [29 44] /home/app",
		"app:video":        "1000 44 [] /home/app",
		"app:7":            "1000 7 [] /home/app",
		"1000":             "1000 100 [29 44] /home/app",
		"1000:users":       "1000 100 [] /home/app",
		"007":              "error: /etc/passwd: line 6: invalid group ID \"4294967295\"",
		"65532":            "65532 0 [] /",
		"65532:65532":      "65532 65532 [] /",
		"nohome":           "1001 1001 [] /",
		"4294967294":       "4294967294 0 [] /",
		"4294967295":       "error: 4294967295 is larger than the largest ID of Linux, 4294967294",
		"1:99999999999999": "error: 99999999999999 is larger than the largest ID of Linux, 4294967294",
		"bad-uid":          "error: /etc/passwd: line 5: invalid user ID \"-1\"",
		"app:bad":          "error: /etc/group: line 6: invalid group ID \"none\"",
		"short":            "error: \"short\" is not in the image's /etc/passwd; add it there, or state the user by number",
		"-1":               "error: \"-1\" is not in the image's /etc/passwd; add it there, or state the user by number",
		"app:nope":         "error: group \"nope\" is not in the image's /etc/group; add it there, or state the group by number",
		"app:a:b":          "error: group \"a:b\" is not in the image's /etc/group; add it there, or state the group by number",
	} {
		id, err := accounts.identity(spec)
		got := fmt.Sprint(id.uid, id.gid, id.groups, " ", id.home)
		if err != nil {
			got = "error: " + err.Error()
		}
		if got != want {
			t.Errorf("%q: got %s, want %s", spec, got, want)
		}
	}
}

func TestIdentityRefused(t *testing.T) {
	for _, c := range []struct {
		accounts   Accounts
		spec, want string
	}{
		{Accounts{}, "0:users", `group "users": the image has no /etc/group; state the group by number`},
		{Accounts{Passwd: []byte("a:x:1:1::/:\n"), Group: []byte("g:x:y:a\n")}, "a", `/etc/group: line 1: invalid group ID "y"`},
		{Accounts{Passwd: make([]byte, MaxAccounts+1)}, "0", "/etc/passwd: larger than 16777216 bytes"},
		{Accounts{Group: make([]byte, MaxAccounts+1)}, "0", "/etc/group: larger than 16777216 bytes"},
	} {
		if _, err := c.accounts.identity(c.spec); err == nil || err.Error() != c.want {
			t.Errorf("%s: got %v, want %s", c.spec, err, c.want)
		}
	}
}

// A user in more groups than Linux supports is an error.
func TestManyGroups(t *testing.T) {
	var groups strings.Builder
	for i := range maxGroups + 1 {
		fmt.Fprintf(&groups, "g:x:%d:app\n", i)
	}
	accounts := Accounts{[]byte(passwd), []byte(groups.String())}
	_, err := Resolve(Config{Cmd: []string{"a"}, User: "app"}, accounts)
	if err == nil || err.Error() != "groups: 65537 groups, Linux supports 65536" {
		t.Errorf("got %v", err)
	}
}

func TestParseSignal(t *testing.T) {
	for text, want := range map[string]int{
		"": 15, "SIGTERM": 15, "TERM": 15, "sigquit": 3, "SIGHUP": 1, "SIGKILL": 9, "SIGWINCH": 28, "SIGSYS": 31,
		"9": 9, "64": 64, "SIGRTMIN": 34, "SIGRTMIN+3": 37, "RTMAX": 64, "SIGRTMAX-30": 34,
		"0": 0, "65": 0, "-1": 0, "SIG": 0, "99999999999999999999": 0, "SIGRTMIN-1": 0, "SIGRTMIN+31": 0, "SIGRTMAX-31": 0,
		"SIGRTMAX+1": 0, "SIGRTMIN+9223372036854775807": 0, "SIGRTMIN++3": 0, "TERM ": 0,
	} {
		if got, err := parseSignal(text); got != want || (err == nil) != (want > 0) {
			t.Errorf("%q: got %d, %v", text, got, err)
		}
	}
}

func TestEncode(t *testing.T) {
	run := Run{
		Args: []string{"/bin/app", "<&>"}, Env: []string{"A=1"}, Dir: "/", UID: 1, GID: 2, Groups: []uint32{3},
		Hostname: "vm", StopSignal: 15,
	}
	data, err := run.Encode()
	const want = `{
  "args": [
    "/bin/app",
    "<&>"
  ],
  "env": [
    "A=1"
  ],
  "dir": "/",
  "uid": 1,
  "gid": 2,
  "groups": [
    3
  ],
  "hostname": "vm",
  "stop_signal": 15
}
`
	if err != nil || string(data) != want {
		t.Errorf("got %s, %v", data, err)
	}
	if got, err := Read(bytes.NewReader(data)); err != nil || !reflect.DeepEqual(got, run) {
		t.Errorf("got %+v, %v", got, err)
	}
	run.Args = []string{strings.Repeat("a", maxRunFile)}
	if _, err := run.Encode(); err == nil || !strings.Contains(err.Error(), "at most 16777216 are supported") {
		t.Errorf("got %v", err)
	}
}

func TestReadRefused(t *testing.T) {
	for text, want := range map[string]string{
		``:   "EOF",
		`{}`: "args: the program is missing",
		`{"args": ["a"], "dir": "/", "stop_signal": 15} {}`:                                             "data after the JSON object",
		`{"args": ["a"], "dir": "/", "stop_signal": 15, "tty": true}`:                                   `json: unknown field "tty"`,
		`{"args": ["a"], "dir": "a", "stop_signal": 15}`:                                                `dir: "a" is not an absolute path`,
		`{"args": ["a"], "dir": "/", "stop_signal": 0}`:                                                 "stop_signal: 0 is not between 1 and 64",
		`{"args": ["a"], "dir": "/", "stop_signal": 15, "gid": 4294967295}`:                             "uid, gid: 4294967295 stands for no user",
		`{"args": ["a"], "dir": "/\u0000", "stop_signal": 15}`:                                          `dir: "/\x00" contains a NUL`,
		`{"args": ["a"], "dir": "/", "stop_signal": 15, "hostname": "` + strings.Repeat("a", 65) + `"}`: "hostname: 65 bytes, Linux supports 64",
	} {
		if _, err := Read(strings.NewReader(text)); err == nil || err.Error() != want {
			t.Errorf("%s: got %v, want %s", text, err, want)
		}
	}
}

// Whatever the files of an image contain, Resolve returns an error or a process that Linux can start.
func FuzzResolve(f *testing.F) {
	f.Add("app:users", passwd, group, "SIGRTMIN+1")
	f.Add("0", "", "", "")
	f.Add(":", ":::::::\n", "\r\n:::,", "9")
	f.Fuzz(func(t *testing.T, user, passwd, group, signal string) {
		run, err := Resolve(
			Config{Cmd: []string{"a"}, User: user, StopSignal: signal}, Accounts{[]byte(passwd), []byte(group)})
		if err != nil {
			return
		}
		data, err := run.Encode()
		if err != nil {
			t.Fatal(err)
		}
		if _, err := Read(bytes.NewReader(data)); err != nil {
			t.Fatal(err)
		}
	})
}
