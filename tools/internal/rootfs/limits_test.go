package rootfs

import (
	"bytes"
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/rules-strata/rules_strata/tools/internal/layer/decompress"
	"github.com/rules-strata/rules_strata/tools/internal/layer/tarfile"
	"github.com/rules-strata/rules_strata/tools/internal/layer/tree"
)

// merged applies a layer of the entries with the given memory.
func merged(memory int, entries ...*tree.Entry) error {
	m := newMerger(memory)
	r := tarfile.NewReader(bytes.NewReader(nil))
	for i, e := range entries {
		if err := m.collect(i, e, r.Size(), r); err != nil {
			return err
		}
	}
	return m.apply(0)
}

// The memory for entries is bounded: their number, their strings, the directories that they imply, and the symlinks that
// they follow.
func TestMemory(t *testing.T) {
	long := strings.Repeat("/n", 1000)
	for _, c := range []struct {
		name    string
		entries []*tree.Entry
		cost    int
	}{
		{"a file", []*tree.Entry{{Path: "/a"}}, 2*entryCost + 2 + 2},
		{"an attribute", []*tree.Entry{{Path: "/a", Xattrs: map[string]string{"user.a": "1234"}}}, 3*entryCost + 2 + 2 + 10},
		{"a whiteout", []*tree.Entry{{Path: "/a", Kind: tree.Whiteout}}, entryCost + 2},
		{"directories that are implied", []*tree.Entry{{Path: "/a/b/c"}}, 4*entryCost + 6 + 2 + 4 + 6},
		{"a symlink that is followed", []*tree.Entry{
			{Path: "/a", Kind: tree.Symlink, Target: strings.Repeat("/.", 1000)}, {Path: "/a/b"},
		}, 2*entryCost + 2 + 2000 + 2 + 2*entryCost + 4 + 2000 + 2},
		{"a long path", []*tree.Entry{{Path: long, Kind: tree.Whiteout}}, entryCost + 2000},
	} {
		if err := merged(c.cost, c.entries...); err != nil {
			t.Errorf("%s: does not fit into %d bytes: %v", c.name, c.cost, err)
		}
		if err := merged(c.cost-1, c.entries...); !errors.Is(err, errTooMany) {
			t.Errorf("%s: got %v", c.name, err)
		}
	}
}

// The unpacked size of all layers is bounded by the number of bytes read, regardless of their descriptors.
func TestBudget(t *testing.T) {
	b := budget{out: decompress.Limit(0) - 5}
	if data, err := io.ReadAll(b.plain(strings.NewReader("12345"))); err != nil || string(data) != "12345" {
		t.Errorf("got %q, %v", data, err)
	}
	if data, err := io.ReadAll(b.plain(strings.NewReader("6"))); err != errBudget {
		t.Errorf("got %q, %v", data, err)
	}
	b = budget{in: 1 << 30, out: decompress.Limit(1<<30+1) - 1}
	if data, err := io.ReadAll(b.plain(b.packed(strings.NewReader("1")))); err != nil || string(data) != "1" {
		t.Errorf("got %q, %v", data, err)
	}
}
