package main

import (
	"bufio"
	"context"
	"flag"
	"fmt"
	"io"
	"time"

	"github.com/rules-strata/rules_strata/tools/internal/atomicfile"
	"github.com/rules-strata/rules_strata/tools/internal/cli"
	"github.com/rules-strata/rules_strata/tools/internal/cli/progress"
	"github.com/rules-strata/rules_strata/tools/internal/cli/registryflags"
	"github.com/rules-strata/rules_strata/tools/internal/layer/tree"
	"github.com/rules-strata/rules_strata/tools/internal/place"
	"github.com/rules-strata/rules_strata/tools/internal/rootfs"
	"github.com/rules-strata/rules_strata/tools/internal/rootfs/tarball"
)

var (
	lsCommand = cli.Command{
		Name: "ls", Operands: "PLACE [PATH]", New: newLs,
		Summary: "list a directory or a file of the image's file system",
		Details: `
PATH is / by default. Symlinks are followed inside the image. The file system is that of all layers merged.

--layers lists the layers instead, each as a JSON line with its digests and sizes, and then a line for each entry of its archive,
with its metadata and the SHA-256 of its content.`,
	}
	catCommand = cli.Command{
		Name: "cat", Operands: "PLACE PATH...", New: newCat,
		Summary: "write the contents of files in the image to standard output",
		Details: `
A layer is verified when its end is reached: what was written is right only if the exit code is 0.`,
	}
	exportCommand = cli.Command{
		Name: "export", Operands: "PLACE", New: newExport,
		Summary: "write the image's file system as a tar",
		Details: `
In the tar, directories and symlinks precede files, and further names of files follow them as hard links. It keeps owners,
modes, times and extended attributes, and has no whiteouts.`,
	}
)

// openFiles merges the layers of an image. The place must be closed after the files.
func (s *settings) openFiles(ctx context.Context, n *session, text string) (*place.Place, *rootfs.FileSystem, error) {
	p, image, err := n.openImage(ctx, text, s.platform)
	if err != nil {
		return nil, nil, err
	}
	files, err := rootfs.Image(ctx, p.Source, image.Descriptor)
	if err != nil {
		p.Close()
		return nil, nil, fmt.Errorf("%s: %w", p, err)
	}
	return p, files, nil
}

func newLs(flags *flag.FlagSet) cli.Work {
	var s settings
	var long, recursive, layers bool
	s.registry = registryflags.Declare(flags)
	s.declareJSON(flags)
	s.declarePlatform(flags, platformUsage)
	flags.BoolVar(&long, "long", false, "add mode, owner, size and time, and where links lead")
	flags.BoolVar(&recursive, "recursive", false, "list everything below a directory, too")
	flags.BoolVar(&layers, "layers", false, "list the entries of each layer as JSON lines")
	return func(ctx context.Context, std cli.Streams) error {
		args, err := operands(flags, 1, 2)
		if err != nil {
			return err
		}
		if layers {
			if len(args) == 2 || long || recursive || s.json {
				return cli.Usage("--layers: expected neither a PATH nor --long, --recursive and --json")
			}
			return s.listLayers(ctx, std, args[0])
		}
		path := "/"
		if len(args) == 2 {
			path = args[1]
		}
		ctx, n := s.start(ctx, std)
		p, files, err := s.openFiles(ctx, n, args[0])
		n.display.Close()
		if err != nil {
			return err
		}
		defer p.Close()
		entries, err := files.List(path, recursive)
		if err != nil {
			return fmt.Errorf("%s: %w", p, err)
		}
		if s.json {
			return writeJSON(std.Out, listed(entries))
		}
		return list(std.Out, entries, long)
	}
}

// list writes one line for each entry.
func list(w io.Writer, entries []rootfs.Entry, long bool) error {
	out := bufio.NewWriter(w)
	for _, e := range entries {
		if long {
			cli.Line(out, "%s", longLine(e))
		} else {
			cli.Line(out, "%s", e.Path)
		}
	}
	return out.Flush()
}

// longLine describes an entry as "ls -l" does, with numbers for the owner and the time in UTC.
func longLine(e rootfs.Entry) string {
	f := e.File
	size := fmt.Sprint(f.Size)
	if f.Kind == tree.CharDevice || f.Kind == tree.BlockDevice {
		size = fmt.Sprintf("%d,%d", f.Major, f.Minor)
	}
	line := fmt.Sprintf("%s %d:%d %s %s %s", modeText(f), f.UID, f.GID, size, f.ModTime.UTC().Format(time.RFC3339), e.Path)
	switch {
	case e.First != "":
		line += " link to " + e.First
	case f.Kind == tree.Symlink:
		line += " -> " + f.Target
	}
	return line
}

// kindLetters are the first characters of a line of "ls -l".
var kindLetters = map[tree.Kind]string{
	tree.File: "-", tree.Dir: "d", tree.Symlink: "l", tree.CharDevice: "c", tree.BlockDevice: "b", tree.FIFO: "p",
}

// modeText returns the kind and the permission bits as "ls -l" shows them.
func modeText(f *rootfs.File) string {
	const letters = "rwxrwxrwx"
	text := []byte(letters)
	for i := range text {
		if f.Mode&(1<<(8-i)) == 0 {
			text[i] = '-'
		}
	}
	for _, special := range []struct {
		bit     uint32
		at      int
		set, no byte
	}{{0o4000, 2, 's', 'S'}, {0o2000, 5, 's', 'S'}, {0o1000, 8, 't', 'T'}} {
		switch {
		case f.Mode&special.bit == 0:
		case text[special.at] == 'x':
			text[special.at] = special.set
		default:
			text[special.at] = special.no
		}
	}
	return kindLetters[f.Kind] + string(text)
}

// lsEntry is an entry in the JSON of "ls".
type lsEntry struct {
	Path    string            `json:"path"`
	Type    string            `json:"type"`
	Mode    string            `json:"mode"`
	UID     uint32            `json:"uid"`
	GID     uint32            `json:"gid"`
	Size    int64             `json:"size"`
	ModTime time.Time         `json:"mtime"`
	Target  string            `json:"target,omitempty"`
	Link    string            `json:"hard_link,omitempty"`
	Major   uint32            `json:"major,omitempty"`
	Minor   uint32            `json:"minor,omitempty"`
	Xattrs  map[string][]byte `json:"xattrs,omitempty"` // in base64
	Layer   int               `json:"layer"`            // counted from 1
}

func listed(entries []rootfs.Entry) []lsEntry {
	all := []lsEntry{}
	for _, e := range entries {
		f := e.File
		l := lsEntry{
			Path: e.Path, Type: f.Kind.String(), Mode: fmt.Sprintf("%04o", f.Mode), UID: f.UID, GID: f.GID, Size: f.Size,
			ModTime: f.ModTime.UTC(), Target: f.Target, Link: e.First, Major: f.Major, Minor: f.Minor, Layer: e.Layer + 1,
		}
		for name, value := range f.Xattrs {
			if l.Xattrs == nil {
				l.Xattrs = make(map[string][]byte)
			}
			l.Xattrs[name] = []byte(value)
		}
		all = append(all, l)
	}
	return all
}

func newCat(flags *flag.FlagSet) cli.Work {
	var s settings
	s.registry = registryflags.Declare(flags)
	s.declarePlatform(flags, platformUsage)
	return func(ctx context.Context, std cli.Streams) error {
		args, err := operands(flags, 2, 0)
		if err != nil {
			return err
		}
		ctx, n := s.start(ctx, std)
		p, files, err := s.openFiles(ctx, n, args[0])
		n.display.Close()
		if err != nil {
			return err
		}
		defer p.Close()
		for _, path := range args[1:] {
			if err := files.Copy(ctx, std.Out, path); err != nil {
				return fmt.Errorf("%s: %w", p, err)
			}
		}
		return nil
	}
}

func newExport(flags *flag.FlagSet) cli.Work {
	var s settings
	var output string
	s.registry = registryflags.Declare(flags)
	s.declarePlatform(flags, platformUsage)
	flags.StringVar(&output, "output", place.Stdio, "`file` to write, or - for standard output")
	return func(ctx context.Context, std cli.Streams) error {
		args, err := operands(flags, 1, 1)
		if err != nil {
			return err
		}
		if output == place.Stdio && progress.Terminal(std.Out) > 0 {
			return cli.Usage("standard output is a terminal; --output=FILE writes to a file")
		}
		ctx, n := s.start(ctx, std)
		defer n.display.Close()
		p, files, err := s.openFiles(ctx, n, args[0])
		if err != nil {
			return err
		}
		defer p.Close()
		if err := export(ctx, std.Out, output, files); err != nil {
			return fmt.Errorf("%s: %w", p, err)
		}
		return nil
	}
}

// export writes the files to a file, or to standard output.
func export(ctx context.Context, stdout io.Writer, path string, files *rootfs.FileSystem) error {
	if path == place.Stdio {
		return tarball.Stream(ctx, stdout, files)
	}
	f, err := atomicfile.Create(path)
	if err != nil {
		return err
	}
	defer f.Abort()
	if err := tarball.Stream(ctx, f, files); err != nil {
		return err
	}
	return f.Commit()
}
