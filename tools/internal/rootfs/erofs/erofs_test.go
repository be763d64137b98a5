package erofs

import (
	"bytes"
	"strings"
	"testing"

	"github.com/rules-strata/rules_strata/tools/internal/oci/digest"
	"github.com/rules-strata/rules_strata/tools/internal/rootfs"
	"github.com/rules-strata/rules_strata/tools/internal/rootfs/disk/disktest"
)

// golden is the digest of the image of disktest.Layer. e2e/cases/rootfs-images.sh shows that fsck.erofs accepts and the
// kernel mounts such an image.
const golden = "sha256:646fa060aca821e06152e813dffc28a9ef92ce6b29e34f5235ec13549641c707"

func bytesOf(t *testing.T, fs *rootfs.FileSystem, o Options) []byte {
	t.Helper()
	plan, err := New(fs, o)
	return disktest.Bytes(t, fs, plan, err)
}

func TestGolden(t *testing.T) {
	fs := disktest.MergeArchives(t, disktest.Layer(t, disktest.Everything))
	if got := digest.FromBytes(bytesOf(t, fs, Options{})); got != golden {
		t.Errorf("the digest is %s", got)
	}
}

func TestOptions(t *testing.T) {
	fs := disktest.Merge(t, "file a data=a")
	derived := bytesOf(t, fs, Options{})
	if bytes.Equal(derived[offsetUUID:offsetUUID+16], make([]byte, 16)) {
		t.Error("no UUID")
	}
	uuid := [16]byte{1, 2, 3}
	given := bytesOf(t, fs, Options{Label: "a label", UUID: &uuid})
	if !bytes.Equal(given[offsetUUID:offsetUUID+16], uuid[:]) || string(given[offsetUUID+16:offsetUUID+24]) != "a label\x00" {
		t.Errorf("got %q", given[offsetUUID:offsetUUID+32])
	}
	clear(given[offsetUUID : offsetUUID+32])
	clear(derived[offsetUUID : offsetUUID+32])
	if !bytes.Equal(given, derived) {
		t.Error("the rest differs")
	}
}

// What the format cannot hold is an error.
func TestLimits(t *testing.T) {
	big := strings.Repeat("v", 65536)
	for _, c := range []struct{ text, label, want string }{
		{"file a", "seventeen bytes !", `label "seventeen bytes !": longer than 16 bytes`},
		{"file a system.other=v", "", `entry "/a": extended attribute "system.other": EROFS has no place for this name`},
		{"file a user.x=" + big, "",
			`entry "/a": extended attribute "user.x": the value has 65536 bytes, and EROFS stores 65535 at most`},
		{"file a user.1=V user.2=V user.3=V user.4=V user.5=V", "",
			`entry "/a": extended attributes of 327692 bytes, and EROFS stores 262148 at most`},
	} {
		text := strings.ReplaceAll(c.text, "=V", "="+big[:65530])
		if _, err := New(disktest.Merge(t, text), Options{Label: c.label}); err == nil || err.Error() != c.want {
			t.Errorf("%.40s: got %v", c.text, err)
		}
	}
}

// Places do not overlap, and do not cross the end of a block unless they are larger than one.
func TestPacker(t *testing.T) {
	p := packer{next: 1}
	taken := make(map[int64]bool)
	for n := int64(64); n < 300_000; n = n*5%9973 + 64 {
		at := p.put(n)
		if n <= blockSize && at/blockSize != (at+n-1)/blockSize || n > blockSize && at%blockSize != 0 || at%slotSize != 0 {
			t.Fatalf("%d bytes at %d", n, at)
		}
		for s := at / slotSize; s*slotSize < at+n; s++ {
			if taken[s] {
				t.Fatalf("%d bytes at %d: taken", n, at)
			}
			taken[s] = true
		}
		if len(taken) > 100_000 {
			break
		}
	}
	if used := int64(len(taken)) * slotSize; p.next*blockSize > used+used/5 {
		t.Errorf("%d blocks for %d bytes", p.next, used)
	}
}
