package main

import (
	"context"
	"encoding/hex"
	"errors"
	"flag"
	"fmt"
	"math"
	"os"
	"slices"
	"strconv"
	"strings"

	"github.com/rules-strata/rules_strata/tools/internal/cli"
	"github.com/rules-strata/rules_strata/tools/internal/layer/compress"
	"github.com/rules-strata/rules_strata/tools/internal/oci"
	"github.com/rules-strata/rules_strata/tools/internal/pattern"
	"github.com/rules-strata/rules_strata/tools/internal/rootfs"
	"github.com/rules-strata/rules_strata/tools/internal/rootfs/cpio"
	"github.com/rules-strata/rules_strata/tools/internal/rootfs/erofs"
	"github.com/rules-strata/rules_strata/tools/internal/rootfs/ext4"
	"github.com/rules-strata/rules_strata/tools/internal/rootfs/squashfs"
	"github.com/rules-strata/rules_strata/tools/internal/rootfs/tarball"
)

// formats are the names of the formats.
var formats = []string{"tar", "cpio", "ext4", "erofs", "squashfs"}

// format is a format with its options.
type format struct {
	name       string
	codec      string
	level      int
	packing    compress.Format // from codec and level
	dropXattrs bool
	label      string
	uuid       *[16]byte
	size, free *int64
}

func (f *format) declare(flags *flag.FlagSet) {
	flags.StringVar(&f.name, "format", "", "`format` to write: tar, cpio, ext4, erofs or squashfs")
	flags.StringVar(&f.codec, "compression", "", "`codec` for tar, cpio and squashfs: gzip, zstd or none (default: none, or zstd for squashfs)")
	flags.IntVar(&f.level, "level", 0, "compression `level`: 1 to 9 for gzip, 1 to 19 for zstd, 0 is the default")
	flags.BoolVar(&f.dropXattrs, "drop-xattrs", false, "leave out extended attributes, which cpio cannot store")
	flags.StringVar(&f.label, "label", "", "`name` of the file system, for ext4 and erofs: at most 16 bytes")
	flags.Func("uuid", "`uuid` of the file system, for ext4 and erofs (default: derived from the contents)",
		func(value string) (err error) {
			f.uuid, err = parseUUID(value)
			return err
		})
	flags.Func("size", "`bytes` of the whole image, for ext4 (default: the contents and --free)",
		func(value string) (err error) {
			f.size, err = parseSize(value)
			return err
		})
	flags.Func("free", "`bytes` of free space, for ext4 without --size (default: 64M)", func(value string) (err error) {
		f.free, err = parseSize(value)
		return err
	})
}

// uses lists the formats that a flag is for.
var uses = map[string][]string{
	"compression": {"tar", "cpio", "squashfs"}, "drop-xattrs": {"cpio"}, "label": {"ext4", "erofs"},
	"uuid": {"ext4", "erofs"}, "size": {"ext4"}, "free": {"ext4"},
}

// check rejects flags that the format does not have, and completes the others.
func (f *format) check() error {
	if !slices.Contains(formats, f.name) {
		return cli.Usage("--format=%s: expected %s", f.name, either(formats))
	}
	if f.codec == "" {
		f.codec = string(oci.Uncompressed)
		if f.name == "squashfs" {
			f.codec = string(oci.Zstd)
		}
	}
	var err error
	if f.packing, err = compress.Parse(oci.Compression(f.codec), f.level); err != nil {
		return cli.Usage("%w", err)
	}
	for _, given := range []struct {
		name string
		set  bool
	}{
		{"compression", f.packing.Codec != oci.Uncompressed}, {"drop-xattrs", f.dropXattrs}, {"label", f.label != ""},
		{"uuid", f.uuid != nil}, {"size", f.size != nil}, {"free", f.free != nil},
	} {
		if names := uses[given.name]; given.set && !slices.Contains(names, f.name) {
			return cli.Usage("--%s: the format %s does not have it; expected %s", given.name, f.name, either(names))
		}
	}
	if f.name == "squashfs" && f.packing.Codec == oci.Uncompressed {
		return cli.Usage("--compression=none: squashfs is always compressed; expected gzip or zstd, or --format=erofs")
	}
	if f.size != nil && f.free != nil {
		return cli.Usage("--size and --free cannot be combined")
	}
	return nil
}

// either lists alternatives.
func either(names []string) string {
	last := len(names) - 1
	if last == 0 {
		return names[0]
	}
	return strings.Join(names[:last], ", ") + " or " + names[last]
}

// outer returns the compression of the whole file. That of squashfs is inside.
func (f *format) outer() compress.Format {
	if f.name == "squashfs" {
		return compress.Format{Codec: oci.Uncompressed}
	}
	return f.packing
}

// writer writes a planned file, which must be empty.
type writer interface {
	Write(ctx context.Context, fs *rootfs.FileSystem, file *os.File) error
}

// plan plans the file system in the format.
func (f *format) plan(fs *rootfs.FileSystem) (writer, error) {
	switch f.name {
	case "tar":
		return tarball.New(tarball.All(fs))
	case "cpio":
		plan, err := cpio.New(fs, cpio.Options{DropXattrs: f.dropXattrs})
		if errors.Is(err, cpio.ErrXattrs) {
			return nil, cli.Hint(err, "--drop-xattrs leaves them out, and with them the capabilities of programs; "+
				"in a rule, the attribute drop_xattrs does")
		}
		return plan, err
	case "erofs":
		return erofs.New(fs, erofs.Options{Label: f.label, UUID: f.uuid})
	case "squashfs":
		return squashfs.New(fs, f.packing)
	}
	o := ext4.Options{Label: f.label, UUID: f.uuid, Free: 64 << 20}
	if f.size != nil {
		o.Size = *f.size
	}
	if f.free != nil {
		o.Free = *f.free
	}
	return ext4.New(fs, o)
}

var (
	uuidForm = pattern.New(`^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$`)
	sizeForm = pattern.New(`^([0-9]{1,18})([KMGT]?)$`)
)

func parseUUID(text string) (*[16]byte, error) {
	if !uuidForm().MatchString(text) {
		return nil, fmt.Errorf("%q: expected a UUID like 01234567-89ab-cdef-0123-456789abcdef", text)
	}
	data, err := hex.DecodeString(strings.ReplaceAll(text, "-", ""))
	if err != nil {
		return nil, err
	}
	return (*[16]byte)(data), nil
}

func parseSize(text string) (*int64, error) {
	parts := sizeForm().FindStringSubmatch(text)
	if parts == nil {
		return nil, fmt.Errorf("%q: expected a number of bytes like 67108864 or 64M", text)
	}
	n, err := strconv.ParseInt(parts[1], 10, 64)
	if err != nil {
		return nil, err
	}
	shift := 10 * (strings.Index("KMGT", parts[2]) + 1)
	if parts[2] == "" {
		shift = 0
	}
	if n > math.MaxInt64>>shift {
		return nil, fmt.Errorf("%q: too large", text)
	}
	n <<= shift
	return &n, nil
}
