package accounts

import (
	"fmt"
	"strings"
	"testing"
)

// request returns the request for lines of users and groups.
func request(t *testing.T, users, groups []string) Request {
	t.Helper()
	var r Request
	for _, line := range users {
		u, err := ParseUser(line)
		if err != nil {
			t.Fatal(err)
		}
		r.Users = append(r.Users, u)
	}
	for _, line := range groups {
		g, err := ParseGroup(line)
		if err != nil {
			t.Fatal(err)
		}
		r.Groups = append(r.Groups, g)
	}
	return r
}

func compare(t *testing.T, files map[string][]byte, want map[string]string) {
	t.Helper()
	for path, text := range want {
		if got := string(files[path]); got != text {
			t.Errorf("%s: got\n%swant\n%s", path, got, text)
		}
	}
	if len(files) != len(want) {
		t.Errorf("got %d files, want %d", len(files), len(want))
	}
}

func TestWithoutBase(t *testing.T) {
	r := request(t,
		[]string{"web:x:1001:1000:Web, server:/srv/web:/bin/sh", "app:x:1000", "daemon:x:1:::/usr/sbin"},
		[]string{"log:x:50:web,app"})
	r.Shadow = true
	made, err := Make(r)
	if err != nil {
		t.Fatal(err)
	}
	compare(t, made.Files, map[string]string{
		PasswdPath: `root:x:0:0:root:/root:/sbin/nologin
daemon:x:1:1::/usr/sbin:/sbin/nologin
app:x:1000:1000::/home/app:/sbin/nologin
web:x:1001:1000:Web, server:/srv/web:/bin/sh
nobody:x:65534:65534:nobody:/nonexistent:/sbin/nologin
`,
		GroupPath: `root:x:0:
daemon:x:1:
log:x:50:web,app
app:x:1000:
nogroup:x:65534:
`,
		ShadowPath: "root:*:::::::\ndaemon:*:::::::\napp:*:::::::\nweb:*:::::::\nnobody:*:::::::\n",
	})
	want := []Home{{"/root", 0, 0}, {"/home/app", 1000, 1000}, {"/srv/web", 1001, 1000}}
	if len(made.Homes) != len(want) {
		t.Fatalf("got homes %v, want %v", made.Homes, want)
	}
	for n := range want {
		if made.Homes[n] != want[n] {
			t.Errorf("got home %v, want %v", made.Homes[n], want[n])
		}
	}
}

// Root and nobody may be stated, and are then as stated.
func TestDefaultsReplaced(t *testing.T) {
	made, err := Make(request(t, []string{"root:x:0:0:root:/root:/bin/bash", "nfsnobody:x:65534"}, nil))
	if err != nil {
		t.Fatal(err)
	}
	compare(t, made.Files, map[string]string{
		PasswdPath: "root:x:0:0:root:/root:/bin/bash\nnfsnobody:x:65534:65534::/home/nfsnobody:/sbin/nologin\n",
		GroupPath:  "root:x:0:\nnogroup:x:65534:\n",
	})
}

// Lines of the base stay as they are, whatever they are.
func TestBase(t *testing.T) {
	r := request(t, []string{"app:x:1000", "www-data:x:33:33:www-data:/var/www:/usr/sbin/nologin", "b:x:900:4"},
		[]string{"adm:x:4:app,syslog", "docker:x:998:app"})
	r.Base = map[string][]byte{
		PasswdPath: []byte("# comment\nroot:x:0:0:root:/root:/bin/bash\nroot2:x:0:0::/:\n" +
			"www-data:x:33:33:www-data:/var/www:/usr/sbin/nologin\nsyslog:x:104:4::/:\nbroken\n+::::::"),
		GroupPath:   []byte("root:x:0:\nadm:*:4:syslog\nwww-data:x:33:\n"),
		ShadowPath:  []byte("root:*:19000:0:99999:7:::\n"),
		GShadowPath: []byte("root:*::\nadm:*::syslog\nwww-data:*::\n"),
	}
	made, err := Make(r)
	if err != nil {
		t.Fatal(err)
	}
	compare(t, made.Files, map[string]string{
		PasswdPath: string(r.Base[PasswdPath]) +
			"\nb:x:900:4::/home/b:/sbin/nologin\napp:x:1000:1000::/home/app:/sbin/nologin\n",
		GroupPath:   "root:x:0:\nadm:*:4:syslog,app\nwww-data:x:33:\ndocker:x:998:app\napp:x:1000:\n",
		ShadowPath:  "root:*:19000:0:99999:7:::\nb:*:::::::\napp:*:::::::\n",
		GShadowPath: "root:*::\nadm:*::syslog,app\nwww-data:*::\ndocker:!::app\napp:!::\n",
	})
	if len(made.Homes) != 2 {
		t.Errorf("got homes %v, want those of b and app", made.Homes)
	}
}

func TestConflicts(t *testing.T) {
	base := map[string][]byte{
		PasswdPath: []byte("root:x:0:0:root:/root:/bin/bash\nwww:x:33:33::/var/www:/bin/sh\n"),
		GroupPath:  []byte("root:x:0:\nwww:x:33:\nmail:x:8:\n"),
	}
	for _, test := range []struct {
		users, groups []string
		base          map[string][]byte
		want          string
	}{
		{[]string{"a:x:1", "a:x:2"}, nil, nil,
			`user a is stated twice: "a:x:1:1::/home/a:/sbin/nologin" and "a:x:2:2::/home/a:/sbin/nologin"`},
		{[]string{"a:x:1", "b:x:1"}, nil, nil,
			`user b has the ID 1 of a: "a:x:1:1::/home/a:/sbin/nologin" and "b:x:1:1::/home/b:/sbin/nologin"`},
		{[]string{"a:x:1:5"}, nil, nil, `user a: no group has the ID 5: "a:x:1:5::/home/a:/sbin/nologin"`},
		{[]string{"a:x:1"}, []string{"a:x:7"}, nil, `user a: no group has the ID 1: "a:x:1:1::/home/a:/sbin/nologin"`},
		{[]string{"a:x:1", "b:x:2:::/home/a"}, nil, nil, "users a and b have the same home directory, /home/a"},
		{nil, []string{"a:x:1:b,root"}, nil, `group a: the member "b" is not a user`},
		{nil, []string{"a:x:1", "a:x:1"}, nil, `group a is stated twice: "a:x:1:" and "a:x:1:"`},
		{[]string{"www:x:33"}, nil, base, `user www is different in the base image: "www:x:33:33::/var/www:/bin/sh", ` +
			`here "www:x:33:33::/home/www:/sbin/nologin"`},
		{[]string{"app:x:33"}, nil, base, `user app has the ID 33 of www in the base image: ` +
			`"www:x:33:33::/var/www:/bin/sh", here "app:x:33:33::/home/app:/sbin/nologin"`},
		{[]string{"mail:x:9"}, nil, base, `user mail: no group has the ID 9, and the group mail of the base image has the ID 8: ` +
			`"mail:x:9:9::/home/mail:/sbin/nologin"`},
		{nil, []string{"www:x:34"}, base, `group www is different in the base image: "www:x:33:", here "www:x:34:"`},
		{nil, []string{"www:x:33:app", "mail:x:8:nobody"}, base, "group mail: the member \"nobody\" is not a user\n" +
			"group www: the member \"app\" is not a user"},
	} {
		r := request(t, test.users, test.groups)
		r.Base = test.base
		if made, err := Make(r); err == nil || err.Error() != test.want {
			t.Errorf("got  %v, %v\nwant %s", made, err, test.want)
		}
	}
}

func TestInvalid(t *testing.T) {
	const format = ", expected 3 to 7: NAME:x:UID:GID:GECOS:HOME:SHELL"
	for line, want := range map[string]string{
		"":                     "1 fields" + format,
		"a:x":                  "2 fields" + format,
		"a:x:1:1:g:/h:/s:more": "8 fields" + format,
		"a::1":                 `the field after the name is "", expected x: the accounts of an image have no passwords`,
		"a:$6$salt$hash:1":     `the field after the name is "$6$salt$hash", expected x: the accounts of an image have no passwords`,
		"a:x:-1":               `"-1" is not an ID: expected a number from 0 to 4294967294`,
		"a:x:4294967295":       `"4294967295" is not an ID: expected a number from 0 to 4294967294`,
		"a:x:01":               `"01" is not an ID: expected a number from 0 to 4294967294`,
		"a:x:1:staff":          `"staff" is not an ID: expected a number from 0 to 4294967294`,
		"a:x:1:1::home":        `"home" is not an absolute path`,
		"a:x:1:1:::sh":         `"sh" is not an absolute path`,
		"a:x:1\nb:x:2":         `the character '\n' is not allowed`,
		"a:x:1:1:\xff":         `the character '�' is not allowed`,
	} {
		if _, err := ParseUser(line); err == nil || err.Error() != want {
			t.Errorf("%q: got %v, want %s", line, err, want)
		}
	}
	for _, name := range []string{"", "-a", "1", "1a", "+a", "a b", "a/b", "ä", "$", "a$b", strings.Repeat("a", 33)} {
		if _, err := ParseUser(name + ":x:1"); err == nil || !strings.Contains(err.Error(), "is not a valid name") {
			t.Errorf("%q: got %v", name, err)
		}
	}
	for _, name := range []string{"a", "_", "A.b-c_9", "machine$", strings.Repeat("a", 32)} {
		if u, err := ParseUser(name + ":x:1"); err != nil || u.Name != name {
			t.Errorf("%q: got %v", name, err)
		}
	}
	for line, want := range map[string]string{
		"a:x:1:b,b": "b is a member twice",
		"a:x:1:b:c": "5 fields, expected 3 to 4: NAME:x:GID:MEMBER,...",
	} {
		if _, err := ParseGroup(line); err == nil || err.Error() != want {
			t.Errorf("%q: got %v, want %s", line, err, want)
		}
	}
}

func TestReadNames(t *testing.T) {
	names, err := ReadNames(strings.NewReader("root:x:0:0\nb:x:2:\na:x:2\nroot:x:7:\n+x:x:1:\n#c:x:1:\n:x:1:\nd:x:e:\nf:x\n\n"))
	if err != nil {
		t.Fatal(err)
	}
	if got := names.String(); got != "root, a, b" || names["root"] != 0 {
		t.Errorf("got %s", got)
	}
	if names, err := ReadNames(strings.NewReader("")); names == nil || err != nil {
		t.Errorf("got %v, %v", names, err)
	}
	if _, err := ReadNames(strings.NewReader(strings.Repeat("x", MaxSize+1))); err == nil {
		t.Error("no error for a long file")
	}
	var many strings.Builder
	for n := range maxNames + 1 {
		fmt.Fprintf(&many, "u%d:x:1\n", n)
	}
	if _, err := ReadNames(strings.NewReader(many.String())); err == nil {
		t.Error("no error for many names")
	}
	if got := (Names{}).String(); got != "" {
		t.Errorf("got %q", got)
	}
}

// Whatever a base contains, its lines stay, and the result can be read again.
func FuzzMake(f *testing.F) {
	f.Add("root:x:0:0::/:\n", "root:x:0:\n", "app:x:1000")
	f.Add("+::::::", "adm:*:4:syslog", "b:x:5:4")
	f.Add("app:x:1\n\n", "a:x:::\nb", "app:x:1:1::/home/app:/bin/sh")
	f.Fuzz(func(t *testing.T, passwd, group, line string) {
		u, err := ParseUser(line)
		if err != nil {
			return
		}
		if again, err := ParseUser(u.String()); err != nil || again != u {
			t.Fatalf("%q: got %v, %v", u, again, err)
		}
		made, err := Make(Request{Users: []User{u}, Shadow: true, Base: map[string][]byte{
			PasswdPath: []byte(passwd), GroupPath: []byte(group), GShadowPath: {},
		}})
		if err != nil {
			return
		}
		for _, path := range []string{PasswdPath, GroupPath, ShadowPath, GShadowPath} {
			if data := made.Files[path]; len(data) > 0 && data[len(data)-1] != '\n' {
				t.Errorf("%s: no newline at the end of %q", path, data)
			}
		}
		if !strings.HasPrefix(string(made.Files[PasswdPath]), passwd) {
			t.Errorf("the lines of the base changed: %q", made.Files[PasswdPath])
		}
		users, err := ReadNames(strings.NewReader(string(made.Files[PasswdPath])))
		if id, ok := users[u.Name]; err == nil && (!ok || id != u.UID) {
			t.Errorf("user %s is missing in %q", u.Name, made.Files[PasswdPath])
		}
	})
}
