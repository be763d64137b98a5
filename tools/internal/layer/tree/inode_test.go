package tree

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"
)

// A file with several names is stored once, under the first name in the layer's order, whatever the order of the inputs.
func TestStoreOnce(t *testing.T) {
	one, other := new(int), new(string)
	x := map[string]string{"user.a": "1"}
	var b Builder
	if err := b.Rules.Owner("/owned", 1, 1); err != nil {
		t.Fatal(err)
	}
	got, err := list(&b,
		Entry{Path: "/d", Inode: one, Content: text("x")},
		Entry{Path: "/b", Inode: one, Content: text("x")},
		Entry{Path: "/owned", Inode: one, Content: text("x")},
		Entry{Path: "/later", Inode: one, Content: text("x"), ModTime: time.Unix(5, 0)},
		Entry{Path: "/x2", Inode: one, Content: text("x"), Xattrs: x},
		Entry{Path: "/x1", Inode: one, Content: text("x"), Xattrs: x},
		Entry{Path: "/c", Inode: other, Content: text("x")},
		Entry{Path: "/a", Content: text("x")},
	)
	check(t, got, err, `
a auto 0:0 in7
b auto 0:0 in1
c auto 0:0 in6
d auto 0:0 -> b in0
later auto 0:0 @5 in3
owned auto 1:1 in2
x1 auto 0:0 in5
x2 auto 0:0 -> x1 in4
`)
}

// A path that occurs in several inputs, some of which have other names for it, gets all of these names, in any order.
func TestStoreOnceTwice(t *testing.T) {
	one, other := new(int), new(string)
	entries := []Entry{
		{Path: "/c", Content: text("x"), Origin: "plain"},
		{Path: "/c", Inode: one, Content: text("x"), Origin: "one"},
		{Path: "/a", Inode: one, Content: text("x"), Origin: "one"},
		{Path: "/c", Inode: other, Content: text("x"), Origin: "other"},
		{Path: "/b", Inode: other, Content: text("x"), Origin: "other"},
		{Path: "/d", Content: text("x"), Origin: "plain"},
	}
	for range 2 {
		got, err := list(&Builder{}, entries...)
		got = strings.ReplaceAll(got, "c auto 0:0 -> a plain", "c auto 0:0 -> a other")
		check(t, got, err, "a auto 0:0 one\nb auto 0:0 -> a other\nc auto 0:0 -> a other\nd auto 0:0 plain\n")
		slices.Reverse(entries)
	}
}

func TestLink(t *testing.T) {
	b := Builder{Link: func(files []*Entry) error {
		for _, e := range files {
			e.Inode = e.Content
		}
		return nil
	}}
	got, err := list(&b, Entry{Path: "/a", Content: text("x")}, Entry{Path: "/d/b", Content: text("x")},
		Entry{Path: "/c", Content: text("y")}, Entry{Path: "/l", Kind: Symlink, Target: "a"})
	check(t, got, err, "a auto 0:0 in0\nc auto 0:0 in2\nd/ 0755 0:0 in1\nd/b auto 0:0 -> a in1\nl 0777 0:0 -> a in3\n")

	b = Builder{Link: func([]*Entry) error { return errors.New("unreadable") }}
	_, err = list(&b, Entry{Path: "/a"})
	checkError(t, err, "unreadable")
}
