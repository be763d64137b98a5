package tree

import "testing"

func TestFollow(t *testing.T) {
	got, err := list(&Builder{},
		Entry{Path: "/lib", Kind: Dir, Follow: true},
		Entry{Path: "/lib/x86/ld.so", Follow: true},
		Entry{Path: "/lib/ld.so", Kind: Symlink, Target: "x86/ld.so", Follow: true},
		Entry{Path: "/lib", Kind: Symlink, Target: "usr/lib", Follow: true},
		Entry{Path: "/usr/lib/y", Follow: true},
		Entry{Path: "/abs/z", Follow: true},
		Entry{Path: "/abs", Kind: Symlink, Target: "/../usr/./lib/../share"},
		Entry{Path: "/top", Kind: Symlink, Target: "../../.."},
		Entry{Path: "/top/file", Follow: true},
	)
	check(t, got, err, `
abs 0777 0:0 -> /../usr/./lib/../share in6
file auto 0:0 in8
lib 0777 0:0 -> usr/lib in3
top 0777 0:0 -> ../../.. in7
usr/ 0755 0:0 in0
usr/lib/ 0755 0:0 in0
usr/lib/ld.so 0777 0:0 -> x86/ld.so in2
usr/lib/x86/ 0755 0:0 in1
usr/lib/x86/ld.so auto 0:0 in1
usr/lib/y auto 0:0 in4
usr/share/ 0755 0:0 in5
usr/share/z auto 0:0 in5
`)
}

// A symlink that is moved may move entries further that were resolved before it.
func TestFollowMovedLink(t *testing.T) {
	got, err := list(&Builder{},
		Entry{Path: "/usr/l/a", Follow: true},
		Entry{Path: "/bin/l", Kind: Symlink, Target: "/else", Follow: true},
		Entry{Path: "/bin", Kind: Symlink, Target: "usr"},
	)
	check(t, got, err, `
bin 0777 0:0 -> usr in2
else/ 0755 0:0 in0
else/a auto 0:0 in0
usr/ 0755 0:0 in1
usr/l 0777 0:0 -> /else in1
`)
}

func TestFollowLoop(t *testing.T) {
	_, err := list(&Builder{},
		Entry{Path: "/a", Kind: Symlink, Target: "b"},
		Entry{Path: "/b", Kind: Symlink, Target: "/a"},
		Entry{Path: "/a/x", Follow: true},
	)
	checkError(t, err, "/a/x (from in2): the symlinks in the path form a loop")
}

// An entry that does not follow symlinks stays where it is, and the conflict is an error.
func TestNoFollow(t *testing.T) {
	_, err := list(&Builder{}, Entry{Path: "/a", Kind: Symlink, Target: "b"}, Entry{Path: "/a/x"})
	checkError(t, err, "/a: a symlink (from in0), but /a/x (from in1) needs a directory there")
}

// Over a layer below, all entries go through its symlinks, and implied directories get its metadata.
func TestBelow(t *testing.T) {
	var rules Rules
	for _, err := range []error{rules.Mode("/lib/x", Perm(0o600)), rules.Owner("/usr/lib/y", 3, 4)} {
		if err != nil {
			t.Fatal(err)
		}
	}
	got, err := list(&Builder{Rules: rules, Below: Below{
		Links: map[string]string{"/lib": "usr/lib", "/opt": "/srv", "/etc": "nowhere", "/x": "y"},
		Dir: func(path string) (Mode, uint32, uint32, bool) {
			return Perm(0o1777), 5, 6, path == "/usr/lib" || path == "/srv" || path == "/stated"
		},
	}},
		Entry{Path: "/lib/x"},
		Entry{Path: "/lib/y"},
		Entry{Path: "/opt", Kind: Dir, Implied: true},
		Entry{Path: "/opt/gone", Kind: Whiteout},
		Entry{Path: "/stated", Kind: Dir},
		Entry{Path: "/stated", Kind: Dir, Implied: true},
		Entry{Path: "/etc", Kind: Dir},
		Entry{Path: "/etc/z"},
		Entry{Path: "/x"},
	)
	check(t, got, err, `
etc/ 0755 0:0 in6
etc/z auto 0:0 in7
srv/ 1777 5:6 in2
srv/.wh.gone 0644 0:0 in3
stated/ 0755 0:0 in4
usr/ 0755 0:0 in0
usr/lib/ 1777 5:6 in0
usr/lib/x 0600 0:0 in0
usr/lib/y auto 3:4 in1
x auto 0:0 in8
`)
}
