package main

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"syscall"

	repb "github.com/bazelbuild/remote-apis/build/bazel/remote/execution/v2"
	"google.golang.org/protobuf/proto"
)

func digestOf(data []byte) *repb.Digest {
	sum := sha256.Sum256(data)
	return &repb.Digest{Hash: hex.EncodeToString(sum[:]), SizeBytes: int64(len(data))}
}

// extract creates the directory with the digest at dir. Files are copies, so that no command can change a blob.
func (b blobs) extract(d *repb.Digest, dir string) error {
	var directory repb.Directory
	if err := errors.Join(b.read(d, &directory), os.Mkdir(dir, 0o755)); err != nil {
		return err
	}
	for _, node := range directory.Files {
		data, err := os.ReadFile(b.path(b.instance, "cas", node.Digest.GetHash()))
		if err != nil {
			return err
		}
		path := filepath.Join(dir, node.Name)
		if err := writeProgram(path, data); err != nil {
			return err
		}
	}
	for _, node := range directory.Symlinks {
		if err := os.Symlink(node.Target, filepath.Join(dir, node.Name)); err != nil {
			return err
		}
	}
	for _, node := range directory.Directories {
		if err := b.extract(node.Digest, filepath.Join(dir, node.Name)); err != nil {
			return err
		}
	}
	return os.Chmod(dir, 0o555)
}

// writeProgram writes an executable file. Meanwhile, no other command may start: its process would have the file open for
// writing for a moment, in which the kernel refuses to run the file ("text file busy").
func writeProgram(path string, data []byte) error {
	syscall.ForkLock.RLock()
	defer syscall.ForkLock.RUnlock()
	return errors.Join(os.WriteFile(path, data, 0o555), os.Chmod(path, 0o555))
}

// outputs are the paths that a command may create, relative to its working directory.
type outputs []string

// outputsOf returns the outputs, which versions before 2.1 of the API list by kind.
func outputsOf(command *repb.Command) outputs {
	if len(command.OutputPaths) > 0 {
		return command.OutputPaths
	}
	//lint:ignore SA1019 Bazel 7 uses version 2.0
	return slices.Concat(command.OutputFiles, command.OutputDirectories)
}

// prepare creates the directories below dir that a command may write to: those that contain its outputs. Outputs that
// are directories do not exist yet.
func (o outputs) prepare(dir string) error {
	for _, path := range o {
		parent := filepath.Dir(filepath.Join(dir, path))
		if err := errors.Join(os.MkdirAll(parent, 0o755), os.Chown(parent, nobody, nobody)); err != nil {
			return err
		}
		if err := os.Chmod(parent, 0o755); err != nil { // it may be a directory of inputs
			return err
		}
	}
	return nil
}

// collect stores the outputs below dir and adds them to the result. A command may leave out outputs.
func (b blobs) collect(dir string, o outputs, result *repb.ActionResult) error {
	for _, path := range o {
		info, err := os.Lstat(filepath.Join(dir, path))
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return err
		}
		if err := b.collectOne(filepath.Join(dir, path), path, info.Mode(), result); err != nil {
			return err
		}
	}
	return nil
}

func (b blobs) collectOne(file, path string, mode fs.FileMode, result *repb.ActionResult) error {
	switch mode.Type() {
	case fs.ModeDir:
		var tree repb.Tree
		root, err := b.directory(file, &tree)
		if err != nil {
			return err
		}
		tree.Root = root
		data, err := proto.Marshal(&tree)
		if err != nil {
			return err
		}
		d, err := b.write(data)
		result.OutputDirectories = append(result.OutputDirectories, &repb.OutputDirectory{Path: path, TreeDigest: d})
		return err
	case fs.ModeSymlink:
		target, err := os.Readlink(file)
		result.OutputSymlinks = append(result.OutputSymlinks, &repb.OutputSymlink{Path: path, Target: target})
		return err
	}
	d, err := b.writeFile(file)
	result.OutputFiles = append(result.OutputFiles, &repb.OutputFile{Path: path, Digest: d, IsExecutable: mode&0o100 != 0})
	return err
}

func (b blobs) writeFile(file string) (*repb.Digest, error) {
	data, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	return b.write(data)
}

// directory stores the files below dir, returns its message, and adds those of the directories below it to the tree.
func (b blobs) directory(dir string, tree *repb.Tree) (*repb.Directory, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	message := new(repb.Directory)
	for _, entry := range entries {
		path := filepath.Join(dir, entry.Name())
		switch entry.Type() {
		case fs.ModeDir:
			child, err := b.directory(path, tree)
			if err != nil {
				return nil, err
			}
			data, err := proto.Marshal(child)
			if err != nil {
				return nil, err
			}
			tree.Children = append(tree.Children, child)
			message.Directories = append(message.Directories, &repb.DirectoryNode{Name: entry.Name(), Digest: digestOf(data)})
		case fs.ModeSymlink:
			target, err := os.Readlink(path)
			if err != nil {
				return nil, err
			}
			message.Symlinks = append(message.Symlinks, &repb.SymlinkNode{Name: entry.Name(), Target: target})
		default:
			d, err := b.writeFile(path)
			if err != nil {
				return nil, err
			}
			message.Files = append(message.Files, &repb.FileNode{Name: entry.Name(), Digest: d, IsExecutable: true})
		}
	}
	return message, nil
}
