package tarball

import (
	"bytes"
	"context"
	"math/rand/v2"
	"testing"

	"github.com/rules-strata/rules_strata/tools/internal/oci/digest"
	"github.com/rules-strata/rules_strata/tools/internal/rootfs"
	"github.com/rules-strata/rules_strata/tools/internal/rootfs/disk/disktest"
)

// golden is the digest of the tar of disktest.Layer.
const golden = "sha256:674825b82cb47fe56ddc44ccba92d3158e72c2c921014e84473f3bf3e641c82c"

func tarOf(t *testing.T, fs *rootfs.FileSystem, items []Item) []byte {
	t.Helper()
	plan, err := New(items)
	return disktest.Bytes(t, fs, plan, err)
}

func TestGolden(t *testing.T) {
	fs := disktest.MergeArchives(t, disktest.Layer(t, disktest.Everything))
	if got := digest.FromBytes(tarOf(t, fs, All(fs))); got != golden {
		t.Errorf("the digest is %s", got)
	}
}

// A tar merges into the file system that it was made of, and the same file system gives the same tar.
func TestAll(t *testing.T) {
	rng := rand.New(rand.NewPCG(5, 6))
	stacks := 0
	for range 300 {
		fs, _ := disktest.Stack(t, rng)
		if fs == nil {
			continue
		}
		stacks++
		one := tarOf(t, fs, All(fs))
		again := disktest.MergeArchives(t, one)
		if got, want := disktest.List(t, again), disktest.List(t, fs); got != want {
			t.Fatalf("got\n%swant\n%s", got, want)
		}
		var streamed bytes.Buffer
		if err := Stream(context.Background(), &streamed, fs); err != nil {
			t.Fatal(err)
		}
		if got, want := disktest.List(t, disktest.MergeArchives(t, streamed.Bytes())), disktest.List(t, fs); got != want {
			t.Fatalf("streamed: got\n%swant\n%s", got, want)
		}
		if two := tarOf(t, again, All(again)); string(one) != string(two) {
			t.Fatal("the tar of the same file system differs")
		}
	}
	if stacks < 100 {
		t.Errorf("only %d of the stacks merge", stacks)
	}
}

// The layer above other layers merges with them into the same file system.
func TestAbove(t *testing.T) {
	rng := rand.New(rand.NewPCG(7, 8))
	stacks := 0
	for range 400 {
		fs, layers := disktest.Stack(t, rng)
		if len(layers) < 2 {
			continue
		}
		stacks++
		aboveIsEqual(t, fs, layers, 1+rng.IntN(len(layers)-1))
	}
	if stacks < 100 {
		t.Errorf("only %d of the stacks merge", stacks)
	}
}

func aboveIsEqual(t *testing.T, fs *rootfs.FileSystem, layers [][]byte, kept int) {
	t.Helper()
	lower := disktest.MergeArchives(t, layers[:kept]...)
	layer := tarOf(t, fs, Above(lower, fs, kept))
	again := disktest.MergeArchives(t, append(layers[:kept:kept], layer)...)
	if got, want := disktest.List(t, again), disktest.List(t, fs); got != want {
		t.Fatalf("got\n%swant\n%s", got, want)
	}
}

func FuzzAbove(f *testing.F) {
	f.Add(uint64(1), uint64(2))
	f.Fuzz(func(t *testing.T, one, two uint64) {
		fs, layers := disktest.Stack(t, rand.New(rand.NewPCG(one, two)))
		for kept := 1; kept < len(layers); kept++ {
			aboveIsEqual(t, fs, layers, kept)
		}
	})
}

// The layer has what changed, with all parents, and no more.
func TestAboveIsSmall(t *testing.T) {
	below := "dir d mode=0700 uid=3\nfile d/gone\nfile d/stays\nfile d/e/deep\nfile one data=1\nlink two to=one\nfile x/y/z"
	fs := disktest.Merge(t, below, "file d/new\nfile d/.wh.gone\nlink three to=two\nfile .wh.x\nfile d/e\n")
	var got []string
	for _, i := range Above(disktest.Merge(t, below), fs, 1) {
		got = append(got, i.Kind.String()+" "+i.Name())
	}
	want := []string{"directory ./", "whiteout .wh.x", "directory d/", "whiteout d/.wh.gone", "file d/e", "file d/new", "file one",
		"hard link three", "hard link two"}
	if len(got) != len(want) {
		t.Fatalf("got %q", got)
	}
	for i := range got {
		if got[i] != want[i] {
			t.Errorf("got %q, want %q", got[i], want[i])
		}
	}
}
