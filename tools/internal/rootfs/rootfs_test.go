package rootfs_test

import (
	"context"
	"errors"
	"flag"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"

	"github.com/rules-strata/rules_strata/tools/internal/layer/tree"
	"github.com/rules-strata/rules_strata/tools/internal/oci"
	"github.com/rules-strata/rules_strata/tools/internal/oci/content"
	"github.com/rules-strata/rules_strata/tools/internal/oci/digest"
	"github.com/rules-strata/rules_strata/tools/internal/rootfs"
	"github.com/rules-strata/rules_strata/tools/internal/rootfs/internal/rootfstest"
	"github.com/rules-strata/rules_strata/tools/internal/store/layout"
)

var update = flag.Bool("update", false, "rewrite the results of the cases in testdata")

// merge returns the file system of an image of the layers.
func merge(t testing.TB, layers ...[]byte) (*rootfs.FileSystem, error) {
	t.Helper()
	root, blobs, err := rootfstest.Image(t.Context(), layers...)
	if err != nil {
		t.Fatal(err)
	}
	return rootfs.Image(t.Context(), blobs, root)
}

// list returns the listing of an image of the layers, or the error without digests.
func list(t testing.TB, layers ...[]byte) (listing, failure string) {
	t.Helper()
	fs, err := merge(t, layers...)
	if err == nil {
		listing, err = rootfstest.List(t.Context(), fs)
	}
	if err != nil {
		failure = regexp.MustCompile(`, sha256:[0-9a-f]{64}`).ReplaceAllString(err.Error(), "") + "\n"
	}
	return listing, failure
}

// The cases in testdata merge into the file systems that they state.
func TestCases(t *testing.T) {
	paths, err := filepath.Glob("testdata/*.txtar")
	if err != nil || len(paths) == 0 {
		t.Fatal("no cases", err)
	}
	for _, path := range paths {
		t.Run(strings.TrimSuffix(filepath.Base(path), ".txtar"), func(t *testing.T) {
			c, err := rootfstest.Read(path)
			if err != nil {
				t.Fatal(err)
			}
			listing, failure := list(t, c.Layers...)
			if *update {
				rewrite(t, path, listing, failure)
				return
			}
			if listing != c.Files["want"] || failure != c.Files["error"] {
				t.Errorf("got\n%s%swant\n%s%s", listing, failure, c.Files["want"], c.Files["error"])
			}
		})
	}
}

// The compression of layers does not matter.
func TestPacked(t *testing.T) {
	c, err := rootfstest.Read("testdata/disagreement.txtar")
	if err != nil {
		t.Fatal(err)
	}
	for _, codec := range []string{"", "gzip", "zstd", "xz"} {
		var packed [][]byte
		for _, layer := range c.Layers {
			data, err := rootfstest.Pack(codec, layer)
			if err != nil {
				t.Fatal(err)
			}
			packed = append(packed, data)
		}
		if listing, failure := list(t, packed...); listing != c.Files["want"] || failure != "" {
			t.Errorf("packed by %q:\n%s%s", codec, listing, failure)
		}
	}
}

// rewrite writes the files "want" and "error" of the case at path, after its layers.
func rewrite(t *testing.T, path, listing, failure string) {
	t.Helper()
	c, err := txtar.ParseFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var layers, rest []txtar.File
	for _, f := range c.Files {
		switch {
		case strings.HasPrefix(f.Name, "layer"):
			layers = append(layers, f)
		case f.Name != "want" && f.Name != "error":
			rest = append(rest, f)
		}
	}
	result := txtar.File{Name: "want", Data: []byte(listing)}
	if failure != "" {
		result = txtar.File{Name: "error", Data: []byte(failure)}
	}
	c.Files = append(append(layers, result), rest...)
	if err := os.WriteFile(path, txtar.Format(c), 0o644); err != nil {
		t.Fatal(err)
	}
}

// archive returns a layer of the entries in text.
func archive(t testing.TB, text string) []byte {
	t.Helper()
	data, err := rootfstest.Archive(text)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// Harmful layers, and layers that no engine could unpack, are rejected.
func TestRefused(t *testing.T) {
	long := strings.Repeat("/"+strings.Repeat("n", 200), 20)
	for _, c := range []struct{ name, lower, upper, want string }{
		{"out of the root", "", "file ../f", `entry "../f": ".." is not allowed in an image path`},
		{"hard link out of the root", "", "link f to=../../f",
			`entry "f": hard link to "../../f": ".." is not allowed in an image path`},
		{"root that is a file", "", "symlink . to=f", `entry "/": the root cannot be a symlink`},
		{"root that is a hard link", "file f", "link . to=f", `entry "/": the root cannot be a hard link`},
		{"hard link to the root", "", "link f to=/", `entry "/f": hard link to "/", which does not exist`},
		{"hard link to a directory", "dir d", "link f to=d", `entry "/f": hard link to "/d", which is a directory`},
		{"hard link that comes too early", "", "link a to=b\nfile b", `entry "/a": hard link to "/b", which does not exist`},
		{"hard link below a file", "file f", "link a to=f/b", `entry "/a": hard link to "/f/b", which does not exist`},
		{"hard link below a loop", "symlink l to=l", "link a to=l/b",
			`entry "/a": its path leads through too many symlinks`},
		{"whiteout below a loop", "symlink l to=l", "file l/.wh.a",
			`entry "/l/a": its path leads through too many symlinks`},
		{"41 symlinks", chain(41), "file l41/f", `entry "/l41/f": its path leads through too many symlinks`},
		{"symlink to the path of a whiteout", "symlink l to=.wh.d", "file l/f",
			`entry "/l/f": symlinks lead to "/.wh.d": names that start with ".wh." are reserved for whiteouts`},
		{"symlinks to a path that is too long", "symlink l to=" + long, "file l/" + strings.Repeat("n", 255) + "/f",
			`entry "/l/` + strings.Repeat("n", 255) + `/f": symlinks lead to "` + long + "/" + strings.Repeat("n", 255) +
				`": longer than 4095 bytes`},
		{"symlink to nothing", "", "symlink l", `entry "/l": the link target is empty`},
		{"device number out of range", "", "char c major=4096", `entry "/c": the device number 4096, 0 exceeds 4095, 1048575`},
		{"whiteout with content", "", "file .wh.f data=x", `entry ".wh.f": an entry whose name starts with ".wh." must be an empty file`},
	} {
		t.Run(c.name, func(t *testing.T) {
			listing, failure := list(t, archive(t, c.lower), archive(t, c.upper))
			if want := "layer 2 of 2: " + c.want + "\n"; failure != want {
				t.Errorf("got\n%s%swant\n%s", listing, failure, want)
			}
		})
	}
	if listing, failure := list(t, archive(t, chain(40)), archive(t, "file l40/f")); failure != "" {
		t.Errorf("40 symlinks: %s%s", listing, failure)
	}
}

// chain returns n symlinks of which the last one leads through all others to the root.
func chain(n int) string {
	var b strings.Builder
	target := "."
	for i := range n {
		name := "l" + strconv.Itoa(i+1)
		b.WriteString("symlink " + name + " to=" + target + "\n")
		target = name
	}
	return b.String()
}

// Images whose layers are not file systems, or do not match their descriptors, are rejected.
func TestRefusedImages(t *testing.T) {
	ctx := t.Context()
	layer := archive(t, "file f data=f")
	for _, c := range []struct {
		name, want string
		change     func(root *oci.Descriptor, blobs rootfstest.Blobs)
	}{
		{"an index", `sha256:: media type "application/vnd.oci.image.index.v1+json" is not an image manifest type`,
			func(root *oci.Descriptor, _ rootfstest.Blobs) { root.MediaType = oci.MediaTypeIndex }},
		{"a manifest that is not JSON", "manifest sha256:: invalid character 'x' looking for beginning of value",
			func(root *oci.Descriptor, blobs rootfstest.Blobs) { *root = blobs.Put(root.MediaType, []byte("x")) }},
		{"no manifest", "blob not found", func(root *oci.Descriptor, blobs rootfstest.Blobs) { delete(blobs, root.Digest) }},
		{"no layer", "layer 1 of 1, sha256:: blob not found",
			func(_ *oci.Descriptor, blobs rootfstest.Blobs) { delete(blobs, digest.FromBytes(layer)) }},
		{"another layer", "layer 1 of 1, sha256:: sha256:: content has the digest sha256:",
			func(_ *oci.Descriptor, blobs rootfstest.Blobs) {
				blobs[digest.FromBytes(layer)] = archive(t, "file g data=f")
			}},
		{"a longer layer", "layer 1 of 1, sha256:: sha256:: content is longer than the promised 2048 bytes",
			func(_ *oci.Descriptor, blobs rootfstest.Blobs) {
				blobs[digest.FromBytes(layer)] = append(layer[:len(layer):len(layer)], 0)
			}},
	} {
		t.Run(c.name, func(t *testing.T) {
			root, blobs, err := rootfstest.Image(ctx, layer)
			if err != nil {
				t.Fatal(err)
			}
			c.change(&root, blobs)
			_, err = rootfs.Image(ctx, blobs, root)
			if err == nil || regexp.MustCompile(`[0-9a-f]{64}`).ReplaceAllString(err.Error(), "") != c.want {
				t.Errorf("got  %v\nwant %s", err, c.want)
			}
		})
	}
	if _, err := rootfs.Merge(ctx, rootfstest.Blobs{}, []oci.Descriptor{{MediaType: "text/plain"}}); err == nil {
		t.Error("no error for a layer that is a text")
	}
	if _, err := rootfs.Merge(ctx, rootfstest.Blobs{}, []oci.Descriptor{{MediaType: oci.MediaTypeLayer, Digest: "md5:x"}}); err == nil {
		t.Error("no error for a layer without a valid digest")
	}
}

// Each content is visited once, in the order of layers and archives, and layers without requested contents are not read.
func TestContents(t *testing.T) {
	lower := archive(t, "file z data=z\nfile gone data=g\nfile a data=a\nlink b to=z\nfile replaced data=1")
	middle := archive(t, "file .wh.gone\nlink c to=a\nfile replaced data=2\nfile empty")
	upper := archive(t, "dir d\nsymlink s to=a")
	fs, err := merge(t, lower, middle, upper)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	visit := func(file *rootfs.File, r io.Reader) error {
		data, err := io.ReadAll(r)
		got = append(got, string(data))
		if int64(len(data)) != file.Size {
			t.Errorf("%q: the size is %d", data, file.Size)
		}
		return err
	}
	if err := fs.Contents(t.Context(), nil, visit); err != nil || strings.Join(got, ",") != "z,a,2," {
		t.Errorf("got %q, %v", got, err)
	}
	stop := errors.New("stop")
	err = fs.Contents(t.Context(), nil, func(*rootfs.File, io.Reader) error { return stop })
	if !errors.Is(err, stop) {
		t.Errorf("got %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := fs.Contents(ctx, nil, visit); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}

// counted is a source that counts how often blobs are opened.
type counted struct {
	content.Source
	opened map[digest.Digest]int
}

func (c counted) Open(ctx context.Context, d oci.Descriptor) (io.ReadCloser, error) {
	c.opened[d.Digest]++
	return c.Source.Open(ctx, d)
}

func TestContentsReadsOnlyRequested(t *testing.T) {
	lower, upper := archive(t, "file a data=a"), archive(t, "file b data=bb")
	root, blobs, err := rootfstest.Image(t.Context(), lower, upper)
	if err != nil {
		t.Fatal(err)
	}
	src := counted{blobs, make(map[digest.Digest]int)}
	fs, err := rootfs.Image(t.Context(), src, root)
	if err != nil {
		t.Fatal(err)
	}
	clear(src.opened)
	digests, err := fs.Digests(t.Context(), func(f *rootfs.File) bool { return f.Size == 2 })
	if err != nil || len(digests) != 1 {
		t.Fatal(digests, err)
	}
	for f, d := range digests {
		if f.Size != 2 || d != digest.FromBytes([]byte("bb")) {
			t.Errorf("%+v: %s", f, d)
		}
	}
	if len(src.opened) != 1 || src.opened[digest.FromBytes(upper)] != 1 {
		t.Errorf("opened: %v", src.opened)
	}
	blobs[digest.FromBytes(upper)] = archive(t, "file b data=xx")
	if digests, err := fs.Digests(t.Context(), nil); err == nil {
		t.Errorf("a layer that has changed: %v", digests)
	}
}

// An image in a layout on disk can be merged too.
func TestLayout(t *testing.T) {
	c, err := rootfstest.Read("testdata/disagreement.txtar")
	if err != nil {
		t.Fatal(err)
	}
	dir := filepath.Join(t.TempDir(), "layout")
	if err := c.WriteLayout(t.Context(), dir); err != nil {
		t.Fatal(err)
	}
	image, err := layout.Open(os.DirFS(dir))
	if err != nil {
		t.Fatal(err)
	}
	fs, err := rootfs.Image(t.Context(), image, image.Roots()[0])
	if err != nil {
		t.Fatal(err)
	}
	if listing, err := rootfstest.List(t.Context(), fs); err != nil || listing != c.Files["want"] {
		t.Errorf("got\n%s%v\nwant\n%s", listing, err, c.Files["want"])
	}
}

// FuzzMerge merges two layers with arbitrary entries. The result must be well-formed.
func FuzzMerge(f *testing.F) {
	paths, err := filepath.Glob("testdata/*.txtar")
	if err != nil {
		f.Fatal(err)
	}
	for _, path := range paths {
		c, err := txtar.ParseFile(path)
		if err != nil {
			f.Fatal(err)
		}
		var layers []string
		for _, file := range c.Files {
			if strings.HasPrefix(file.Name, "layer") {
				layers = append(layers, string(file.Data))
			}
		}
		for i := range layers {
			f.Add(layers[max(i-1, 0)], layers[i])
		}
	}
	f.Fuzz(func(t *testing.T, one, two string) {
		lower, err := rootfstest.Archive(one)
		if err != nil {
			return
		}
		upper, err := rootfstest.Archive(two)
		if err != nil {
			return
		}
		fs, err := merge(t, lower, upper, lower)
		if err != nil {
			return
		}
		inOrder(t, fs)
	})
}

// inOrder checks the invariants of every file system.
func inOrder(t *testing.T, fs *rootfs.FileSystem) {
	t.Helper()
	digests, err := fs.Digests(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	all := fs.Entries()
	if len(all) == 0 || all[0].Path != "/" {
		t.Fatalf("the first entry is not the root: %+v", all)
	}
	seen := make(map[string]*rootfs.File)
	names := make(map[*rootfs.File]int)
	for i, e := range all {
		names[e.File]++
		clean, err := tree.Clean(e.Path)
		switch {
		case err != nil || clean != e.Path:
			t.Errorf("%q is not clean: %v", e.Path, err)
		case seen[e.Path] != nil:
			t.Errorf("%q occurs twice", e.Path)
		case i > 1 && name(all[i-1]) >= name(e):
			t.Errorf("%q comes before %q", name(all[i-1]), name(e))
		case i > 0 && (seen[filepath.Dir(e.Path)] == nil || seen[filepath.Dir(e.Path)].Kind != tree.Dir):
			t.Errorf("%q has no directory before it", e.Path)
		case e.File.Kind == tree.Whiteout || e.File.Kind == tree.Opaque || e.File.Kind == tree.Hardlink:
			t.Errorf("%q is a %s", e.Path, e.File.Kind)
		case e.First != "" && seen[e.First] != e.File, e.First == "" && names[e.File] > 1:
			t.Errorf("%q: the first name is %q", e.Path, e.First)
		case e.Layer < 0 || e.Layer > 2 || e.File.Layer > e.Layer:
			t.Errorf("%q: of the layers %d and %d", e.Path, e.Layer, e.File.Layer)
		case (e.File.Kind == tree.File) != (digests[e.File] != ""):
			t.Errorf("%q, a %s: digest %q", e.Path, e.File.Kind, digests[e.File])
		}
		seen[e.Path] = e.File
	}
	for f, n := range names {
		if f.Names != n {
			t.Errorf("%+v has %d names, not %d", f, n, f.Names)
		}
	}
}

// name returns the name of an entry in an archive.
func name(e rootfs.Entry) string {
	if e.File.Kind == tree.Dir {
		return e.Path + "/"
	}
	return e.Path
}
