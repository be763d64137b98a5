// Package cpio plans an archive in the "newc" format, which the Linux kernel unpacks as an initramfs.
//
// Entries are in the order of the file system, so that directories precede their contents. Inode numbers count from 1. A
// file with several names has its content at the last one, as GNU cpio writes it; the kernel, GNU cpio and bsdcpio restore
// such hard links. Symlinks with several names become several symlinks when they are unpacked.
//
// The format has no extended attributes, holds times in whole seconds from 1970 to 2106, and files of less than 4 GiB. What
// it cannot hold is an error, except for fractions of a second, which are cut off.
package cpio

import (
	"errors"
	"fmt"
	"io"
	"math"

	"github.com/rules-strata/rules_strata/tools/internal/layer/tree"
	"github.com/rules-strata/rules_strata/tools/internal/rootfs"
	"github.com/rules-strata/rules_strata/tools/internal/rootfs/disk"
)

const (
	trailer = "TRAILER!!!"
	// record is the unit to which an archive is padded, so that another one can be appended to it.
	record = 512
)

// ErrXattrs is returned for extended attributes, which an archive cannot hold.
var ErrXattrs = errors.New("extended attributes cannot be stored in a cpio archive")

// Options are the choices for an archive.
type Options struct {
	// DropXattrs leaves out extended attributes, including the capabilities of files.
	DropXattrs bool
}

// header is a header and what follows it, up to the content of a file.
type header struct {
	at    int64
	bytes []byte
}

// New plans the archive of fs.
func New(fs *rootfs.FileSystem, o Options) (*disk.Plan, error) {
	p := planner{plan: disk.Plan{Contents: make(map[*rootfs.File][]disk.Extent)}, files: make(map[*rootfs.File]*state)}
	for _, e := range fs.Entries() {
		err := check(e, o)
		if err == nil {
			err = p.add(e)
		}
		if err != nil {
			return nil, fmt.Errorf("entry %q: %w", e.Path, err)
		}
	}
	p.append(fields{nlink: 1}, trailer, "")
	p.plan.Size = disk.Align(p.at, record)
	p.plan.Metadata = p.write
	return &p.plan, nil
}

// check rejects what an archive cannot hold.
func check(e rootfs.Entry, o Options) error {
	f := e.File
	switch sec := f.ModTime.Unix(); {
	case e.Path == "/"+trailer:
		return errors.New("this name marks the end of a cpio archive")
	case len(f.Xattrs) > 0 && !o.DropXattrs:
		return ErrXattrs
	case sec < 0 || sec > math.MaxUint32:
		return fmt.Errorf("the time %s cannot be stored in a cpio archive", f.ModTime.UTC())
	case f.Size > math.MaxUint32:
		return fmt.Errorf("%d bytes are too many for a cpio archive", f.Size)
	}
	return nil
}

// state describes a file with a name in the archive.
type state struct {
	number uint32
	left   int // names to come
}

type planner struct {
	plan    disk.Plan
	at      int64
	headers []header
	files   map[*rootfs.File]*state
}

// fields are the numbers in a header.
type fields struct{ ino, mode, uid, gid, nlink, mtime, size, major, minor uint32 }

func (p *planner) add(e rootfs.Entry) error {
	f := e.File
	s := p.files[f]
	if s == nil {
		if len(p.files) == math.MaxUint32 {
			return errors.New("too many files for a cpio archive")
		}
		s = &state{uint32(len(p.files) + 1), f.Names}
		p.files[f] = s
	}
	s.left--
	h := fields{
		ino: s.number, mode: disk.Mode(f), uid: f.UID, gid: f.GID, nlink: uint32(f.Names), mtime: uint32(f.ModTime.Unix()),
	}
	if f.Kind == tree.CharDevice || f.Kind == tree.BlockDevice {
		h.major, h.minor = f.Major, f.Minor
	}
	if f.Kind == tree.File && s.left == 0 {
		h.size = uint32(f.Size)
	}
	name := e.Path[1:]
	if e.Path == "/" {
		name = "."
	}
	p.append(h, name, f.Target)
	if h.size > 0 {
		p.plan.Contents[f] = []disk.Extent{{From: 0, To: p.at, Size: f.Size}}
		p.at = disk.Align(p.at+f.Size, 4)
	}
	return nil
}

// append adds a header with the target of a symlink.
func (p *planner) append(h fields, name, target string) {
	if target != "" {
		h.size = uint32(len(target))
	}
	b := fmt.Appendf(nil, "070701%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x", h.ino, h.mode, h.uid, h.gid,
		h.nlink, h.mtime, h.size, 0, 0, h.major, h.minor, len(name)+1, 0)
	b = pad(append(append(b, name...), 0))
	b = pad(append(b, target...))
	p.headers = append(p.headers, header{p.at, b})
	p.at += int64(len(b))
}

// pad appends zeros up to a multiple of 4 bytes.
func pad(b []byte) []byte { return append(b, make([]byte, -len(b)&3)...) }

func (p *planner) write(w io.WriterAt) error {
	for _, h := range p.headers {
		if _, err := w.WriteAt(h.bytes, h.at); err != nil {
			return err
		}
	}
	return nil
}
