package container

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/rules-strata/rules_strata/tools/internal/layer/tree"
	"github.com/rules-strata/rules_strata/tools/internal/rootfs"
)

// While files are written, the user must be able to enter directories; their modes are set at the end.
const writable = 0o700

// unpack writes the files to the new directory dir. Devices are left out, because only root can make them.
func unpack(ctx context.Context, files *rootfs.FileSystem, dir string) error {
	if err := os.Mkdir(dir, writable); err != nil {
		return err
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return err
	}
	defer root.Close()
	entries := files.Entries()
	names := make(map[*rootfs.File]string, len(entries))
	for _, e := range entries {
		name := e.Path[1:]
		switch {
		case name == "":
		case e.First != "": // when the content exists
		case e.File.Kind == tree.Dir:
			err = root.Mkdir(name, writable)
		case e.File.Kind == tree.Symlink:
			err = root.Symlink(e.File.Target, name)
		case e.File.Kind == tree.File:
			names[e.File] = name
		}
		if err != nil {
			return err
		}
	}
	err = files.Contents(ctx, nil, func(f *rootfs.File, in io.Reader) error {
		return write(root, names[f], in, mode(f))
	})
	if err != nil {
		return err
	}
	for n := len(entries) - 1; n >= 0; n-- {
		e := entries[n]
		switch {
		case e.First != "" && e.File.Kind == tree.File:
			err = root.Link(names[e.File], e.Path[1:])
		case e.File.Kind == tree.Dir && e.Path == "/":
			err = os.Chmod(dir, mode(e.File)|writable)
		case e.File.Kind == tree.Dir:
			err = root.Chmod(e.Path[1:], mode(e.File)|writable)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// write writes a file.
func write(root *os.Root, name string, in io.Reader, mode fs.FileMode) error {
	out, err := root.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	return fill(out, in, mode)
}

// fill writes the content and the mode of a file, and closes it.
func fill(out *os.File, in io.Reader, mode fs.FileMode) error {
	_, err := io.Copy(out, in)
	if err == nil {
		err = out.Chmod(mode)
	}
	return errors.Join(err, out.Close())
}

// mode returns the mode of a file on disk: without setuid and setgid, which would have no effect for the only user.
func mode(f *rootfs.File) fs.FileMode {
	mode := fs.FileMode(f.Mode & 0o777)
	if f.Mode&0o1000 != 0 {
		mode |= fs.ModeSticky
	}
	return mode
}

// copyTree copies the directory from to the new directory to. Hard links become separate files.
func copyTree(from, to string) error {
	root, err := os.OpenRoot(from)
	if err != nil {
		return err
	}
	defer root.Close()
	return filepath.WalkDir(from, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		target := to + path[len(from):]
		switch {
		case d.IsDir():
			if err = os.Mkdir(target, writable); err == nil {
				err = os.Chmod(target, info.Mode())
			}
		case d.Type() == fs.ModeSymlink:
			var link string
			if link, err = os.Readlink(path); err == nil {
				err = os.Symlink(link, target)
			}
		default:
			err = copyFile(path, target, info.Mode())
		}
		return err
	})
}

func copyFile(from, to string, mode fs.FileMode) error {
	if mode&0o400 == 0 { // the user who unpacked it cannot read it
		if err := os.Chmod(from, mode|0o400); err != nil {
			return err
		}
	}
	in, err := os.Open(from)
	if err != nil {
		return err
	}
	defer in.Close()
	out, err := os.OpenFile(to, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	return fill(out, in, mode)
}

// remove removes a directory, also if a command has taken away rights.
func remove(dir string) error {
	filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if d != nil && d.IsDir() {
			os.Chmod(path, writable)
		}
		return nil
	})
	return os.RemoveAll(dir)
}
