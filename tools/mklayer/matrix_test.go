package main

import (
	"bufio"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/rules-strata/rules_strata/tools/internal/layer/compress"
	"github.com/rules-strata/rules_strata/tools/internal/oci/digest"
	"github.com/rules-strata/rules_strata/tools/internal/oci/wire"
)

var update = flag.Bool("update", false, "rewrite testdata/digests.golden")

// goldenFile has a line "CODEC-LEVEL DESCRIPTOR" for each way to pack the corpus, and the digest of the zTOC for gzip. Changing a line requires a new
// compress.FormatVersion, documented in docs/internals/format.md.
const goldenFile = "testdata/digests.golden"

func TestFormatVersion(t *testing.T) {
	page, err := os.ReadFile(filepath.FromSlash("../../docs/internals/format.md"))
	if err != nil {
		t.Fatal(err)
	}
	if want := fmt.Sprintf("**`format_version` is %d.**", compress.FormatVersion); !strings.Contains(string(page), want) {
		t.Errorf("docs/internals/format.md does not state %s", want)
	}
}

// surroundings are the conditions that must not affect the bytes. Each machine has its own corpus and archives, at its
// own path, written in its own order.
type surroundings struct {
	threads int
	umask   string
	zone    string
	locale  string
	tmp     string // TMPDIR; it need not even exist
	reverse bool   // the order of the flags
}

var machines = []surroundings{
	{1, "0022", "UTC", "C", "/", false},
	{2, "0077", "Asia/Kathmandu", "de_DE.UTF-8", "/no/such/directory", true},
	{3, "0000", "Pacific/Apia", "tr_TR.UTF-8", "/tmp", false},
	{4, "0027", "America/St_Johns", "ja_JP.EUC-JP", "", true},
	{16, "0177", ":/no/such/zone", "no_SUCH@locale", ".", false},
}

// setUmask runs mklayer in a process with the umask that its first argument states.
func setUmask() {
	mask, err := strconv.ParseUint(os.Args[1], 8, 12)
	exitOn(err)
	syscall.Umask(int(mask))
	command.MainFrom(func() ([]string, error) { return os.Args[2:], nil })
}

// writeInputs writes the inputs of a machine's mklayer.
func writeInputs(t *testing.T, seed int) (dir string) {
	t.Helper()
	dir = filepath.Join(t.TempDir(), strings.Repeat("place/", seed), "here")
	write(t, filepath.Join(dir, "corpus"), uint64(seed))
	for name, entries := range map[string][]string{
		"a.tar.zst": {"5 ./", "5 opt/", "0 opt/b one", "1 opt/a opt/b", "2 opt/l ../x", "3 opt/null", "0 etc/.wh.motd"},
		"a.deb":     {"Package: tool\nVersion: 1\n", "5 ./", "5 ./lib/", "0 ./lib/libtool.so one", "5 ./usr/lib/"},
	} {
		if err := makeInput(filepath.Join(dir, name), entries); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// layerFlags state the contents of the layer; their order does not matter.
func (s surroundings) layerFlags() []string {
	flags := []string{
		"--tree=/data=corpus", "--file=/bin/program=corpus/program", "--executable=/bin/text=corpus/text", "--tar=a.tar.zst",
		"--deb=a.deb", "--symlink=/lib=usr/lib", "--dir=/tmp", "--mode=/tmp=1777", "--empty-file=/etc/empty", "--remove=/old",
		"--opaque=/var/cache", "--owner=/data/few/**=4000000:1000", "--owner-name=/tmp=user:group",
		"--mtimes=/data/t*=1700000000", "--xattr=/bin/program=security.capability=cap_net_bind_service=+ep", "--hardlinks",
	}
	for _, f := range corpus() {
		if f.target != "" {
			flags = append(flags, "--symlink=/data/"+f.path+"="+f.target)
		}
	}
	if s.reverse {
		for i, j := 0, len(flags)-1; i < j; i, j = i+1, j-1 {
			flags[i], flags[j] = flags[j], flags[i]
		}
	}
	return flags
}

// descriptor runs mklayer in dir and returns the descriptor, after checking it against the blob.
func (s surroundings) descriptor(t *testing.T, dir, name string) string {
	t.Helper()
	codec, level, _ := strings.Cut(name, "-")
	output := fmt.Sprintf("%s.%d", name, s.threads)
	args := append(s.layerFlags(), "--compression="+codec, "--level="+level, "--output="+output,
		"--descriptor="+output+".json")
	if codec == "gzip" {
		args = append(args, "--ztoc="+output+".ztoc")
	}
	run := exec.Command("umask", append([]string{s.umask}, args...)...)
	run.Dir = dir
	run.Env = []string{"GOMAXPROCS=" + strconv.Itoa(s.threads), "TZ=" + s.zone, "LC_ALL=" + s.locale, "LANG=" + s.locale,
		"TMPDIR=" + s.tmp}
	if said, err := run.CombinedOutput(); err != nil || len(said) > 0 {
		t.Fatalf("%+v: %v\n%s", s, err, said)
	}
	path := filepath.Join(dir, output)
	layer, err := wire.ReadLayer(path + ".json")
	if err != nil {
		t.Fatal(err)
	}
	if sum, size, err := digest.FromFile(path); err != nil || sum != layer.Digest || size != layer.Size {
		t.Errorf("%s: the blob is %s of %d bytes, %v; the descriptor has %+v", name, sum, size, err, layer)
	}
	text, err := os.ReadFile(path + ".json")
	if err != nil {
		t.Fatal(err)
	}
	if codec != "gzip" {
		return string(text)
	}
	sum, _, err := digest.FromFile(path + ".ztoc")
	if err != nil {
		t.Fatal(err)
	}
	return fmt.Sprintf("%s %s", text, sum)
}

// packings returns all codecs and levels.
func packings() []string {
	names := []string{"none-0"}
	for level := 1; level <= 9; level++ {
		names = append(names, fmt.Sprintf("gzip-%d", level))
	}
	for level := 1; level <= 19; level++ {
		names = append(names, fmt.Sprintf("zstd-%d", level))
	}
	return names
}

// everywhere are the packings that each machine makes; only one machine makes the others.
var everywhere = map[string]bool{
	"none-0": true, "gzip-1": true, "gzip-6": true, "gzip-9": true, "zstd-1": true, "zstd-3": true, "zstd-6": true,
	"zstd-10": true, "zstd-19": true,
}

// In all surroundings, a layer's descriptor and its zTOC are the golden ones, for each codec and level.
func TestSurroundings(t *testing.T) {
	golden := readGolden(t)
	dirs := make([]string, len(machines))
	for i := range machines {
		dirs[i] = writeInputs(t, i)
	}
	got := make([][]string, len(packings())) // each goroutine has its own slot
	t.Run("packings", func(t *testing.T) {
		for i, name := range packings() {
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				for j, machine := range machines {
					if everywhere[name] || j == i%len(machines) {
						got[i] = append(got[i], machine.descriptor(t, dirs[j], name))
					}
				}
				for _, descriptor := range got[i] {
					if descriptor != golden[name] && !*update || descriptor != got[i][0] {
						t.Errorf("got  %s\nwant %s", descriptor, golden[name])
					}
				}
			})
		}
	})
	if *update && !t.Failed() {
		writeGolden(t, got)
	}
}

func readGolden(t *testing.T) map[string]string {
	t.Helper()
	file, err := os.Open(goldenFile)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	golden := make(map[string]string)
	lines := bufio.NewScanner(file)
	for lines.Scan() {
		name, descriptor, _ := strings.Cut(lines.Text(), " ")
		golden[name] = descriptor
	}
	if lines.Err() != nil || len(golden) != len(packings()) && !*update {
		t.Fatalf("%s: %d lines, %v; want %d", goldenFile, len(golden), lines.Err(), len(packings()))
	}
	return golden
}

func writeGolden(t *testing.T, got [][]string) {
	t.Helper()
	var b strings.Builder
	for i, name := range packings() {
		fmt.Fprintln(&b, name, got[i][0])
	}
	if err := os.WriteFile(goldenFile, []byte(b.String()), 0o644); err != nil {
		t.Fatal(err)
	}
}
