package shape

import (
	"testing"

	"github.com/rules-strata/rules_strata/tools/internal/layer/accounts"
	"github.com/rules-strata/rules_strata/tools/internal/layer/tree"
)

// What a layer does to the files of accounts in the layers below it.
func TestPutAccounts(t *testing.T) {
	const below = `{"version":1,"users":{"app":7},"groups":{"app":7}}`
	for _, test := range []struct{ layer, want string }{
		{`{"version":1,"users":{"web":8}}`, `{"version":1,"users":{"web":8},"groups":{"app":7}}`},
		{`{"version":1,"dirs":{"/etc":{"mode":"0755"}}}`, below},
		{`{"version":1,"removed":["/etc/passwd"]}`, `{"version":1,"groups":{"app":7}}`},
		{`{"version":1,"removed":["/etc"],"users":{}}`, `{"version":1,"users":{}}`},
		{`{"version":1,"emptied":["/etc"]}`, `{"version":1}`},
		{`{"version":1,"unread":["/etc/group"]}`, `{"version":1,"users":{"app":7},"unread":["/etc/group"]}`},
	} {
		stack, layer := parsed(t, below), parsed(t, test.layer)
		stack.Put(layer)
		if got := text(t, stack); got != test.want+"\n" {
			t.Errorf("%s: got %swant %s", test.layer, got, test.want)
		}
	}
	stack := parsed(t, `{"version":1,"unread":["/etc/passwd"]}`)
	stack.Put(parsed(t, `{"version":1,"users":{"app":7}}`))
	if got, want := text(t, stack), `{"version":1,"users":{"app":7}}`+"\n"; got != want {
		t.Errorf("got %swant %s", got, want)
	}
}

func parsed(t *testing.T, text string) *Shape {
	t.Helper()
	s, err := Parse([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// Names are unknown until somebody reads the files.
func TestFindAccounts(t *testing.T) {
	for want, entries := range map[string][]*tree.Entry{
		`{"version":1}`:                          {{Path: "/etc/passwd-", Kind: tree.File}, {Path: "/etc/group", Kind: tree.Dir}},
		`{"version":1,"unread":["/etc/passwd"]}`: {{Path: "/etc/passwd", Kind: tree.File}},
		`{"version":1,"unread":["/etc/group"]}`:  {{Path: "/etc/group", Kind: tree.Hardlink}},
		`{"version":1,"symlinks":{"/etc":"conf"},"unread":["/etc/passwd","/etc/group"]}`: {
			{Path: "/etc", Kind: tree.Symlink, Target: "conf"},
		},
	} {
		s := Of(entries, nil)
		delete(s.Dirs, "/etc/group")
		if got := text(t, s); got != want+"\n" {
			t.Errorf("got %swant %s", got, want)
		}
	}
	s := Of([]*tree.Entry{{Path: "/etc/passwd", Kind: tree.File}}, nil)
	s.Know(accounts.PasswdPath, accounts.Names{"a": 1})
	if got, want := text(t, s), `{"version":1,"users":{"a":1}}`+"\n"; got != want {
		t.Errorf("got %swant %s", got, want)
	}
}
