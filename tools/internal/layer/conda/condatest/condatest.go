// Package condatest makes Conda packages for tests and benchmarks.
//
// Non-goals: the form of packages that other programs make (they are in the tests' data), and the old .tar.bz2, for which Go
// has no writer.
package condatest

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/klauspost/compress/zstd"
)

// Placeholder is a placeholder as conda-build makes it: as long as possible.
var Placeholder = ("/home/conda/feedstock_root/build_artifacts/pkg_1/_h_env_" + strings.Repeat("placehold_", 20))[:255]

// File is a path of a package.
type File struct {
	Path     string
	Mode     int64 // of a file; 0 stands for 0644
	Body     string
	Symlink  string // the target of a symlink
	Hardlink string // the path of an earlier file
	Type     byte   // of another kind of entry in the tar, as in archive/tar
	ModTime  time.Time
	FileMode string         // text or binary, for a file with the placeholder
	Listed   map[string]any // changes what info/paths.json states; a nil value removes a key
	Unlisted bool           // info/paths.json does not list it
}

// Package is a package. The zero values stand for usual ones.
type Package struct {
	Name, Version, Build string
	Index                map[string]any // changes info/index.json; a nil value removes a key
	Files                []File
	Info                 map[string]string // files in info/, in addition or instead; an empty text removes a file
	Level                zstd.EncoderLevel // of compression; 0 stands for the default
	Plain                bool              // the tars are not compressed
}

// Stem returns the package's file name without the extension.
func (p Package) Stem() string {
	p.complete()
	return p.Name + "-" + p.Version + "-" + p.Build
}

func (p *Package) complete() {
	for field, value := range map[*string]string{&p.Name: "pkg", &p.Version: "1.0", &p.Build: "0"} {
		if *field == "" {
			*field = value
		}
	}
}

// Write writes the package as a .conda archive.
func (p Package) Write(path string) error {
	data, err := p.Bytes()
	if err != nil {
		return err
	}
	return os.WriteFile(path, data, 0o666)
}

// Bytes returns the package as a .conda archive.
func (p Package) Bytes() ([]byte, error) {
	p.complete()
	info, payload, err := p.tars()
	if err != nil {
		return nil, err
	}
	if !p.Plain {
		info, payload = pack(info, p.Level), pack(payload, p.Level)
	}
	return Zip(map[string][]byte{
		"metadata.json":                 []byte(`{"conda_pkg_format_version": 2}`),
		"info-" + p.Stem() + ".tar.zst": info,
		"pkg-" + p.Stem() + ".tar.zst":  payload,
	})
}

// Zip returns a zip with the files, uncompressed.
func Zip(files map[string][]byte) ([]byte, error) {
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	for _, name := range slices.Sorted(maps.Keys(files)) {
		f, err := w.CreateHeader(&zip.FileHeader{Name: name, Method: zip.Store})
		if err == nil {
			_, err = f.Write(files[name])
		}
		if err != nil {
			return nil, err
		}
	}
	err := w.Close()
	return b.Bytes(), err
}

// pack compresses data with zstd.
func pack(data []byte, level zstd.EncoderLevel) []byte {
	if level == 0 {
		level = zstd.SpeedDefault
	}
	w, err := zstd.NewWriter(nil, zstd.WithEncoderLevel(level), zstd.WithEncoderConcurrency(1))
	if err != nil {
		panic(err) // the options are valid
	}
	return w.EncodeAll(data, nil)
}

// tars returns the two tars of the package.
func (p Package) tars() (info, payload []byte, err error) {
	var list []map[string]any
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	for _, f := range p.Files {
		if err := f.write(w); err != nil {
			return nil, nil, err
		}
		if !f.Unlisted {
			list = append(list, f.list())
		}
	}
	if err := w.Close(); err != nil {
		return nil, nil, err
	}
	payload = bytes.Clone(b.Bytes())
	index := map[string]any{
		"name": p.Name, "version": p.Version, "build": p.Build, "build_number": 0, "depends": []string{}, "subdir": "linux-64",
	}
	change(index, p.Index)
	files := make(map[string]string)
	for name, document := range map[string]any{
		"index.json": index, "paths.json": map[string]any{"paths": list, "paths_version": 1},
	} {
		text, err := json.Marshal(document)
		if err != nil {
			return nil, nil, err
		}
		files[name] = string(text)
	}
	maps.Copy(files, p.Info)
	b.Reset()
	w = tar.NewWriter(&b)
	for _, name := range slices.Sorted(maps.Keys(files)) {
		if files[name] == "" {
			continue
		}
		if err := (File{Path: "info/" + name, Body: files[name]}).write(w); err != nil {
			return nil, nil, err
		}
	}
	err = w.Close()
	return b.Bytes(), payload, err
}

// write writes the file's entry in a tar.
func (f File) write(w *tar.Writer) error {
	h := &tar.Header{Name: f.Path, Typeflag: tar.TypeReg, Mode: f.Mode, Size: int64(len(f.Body)), ModTime: f.ModTime}
	if h.Mode == 0 {
		h.Mode = 0o644
	}
	if h.ModTime.IsZero() {
		h.ModTime = time.Unix(1600000000, 0)
	}
	switch {
	case f.Symlink != "":
		h.Typeflag, h.Linkname = tar.TypeSymlink, f.Symlink
	case f.Hardlink != "":
		h.Typeflag, h.Linkname = tar.TypeLink, f.Hardlink
	case f.Type != 0:
		h.Typeflag = f.Type
	}
	if err := w.WriteHeader(h); err != nil {
		return fmt.Errorf("%s: %w", f.Path, err)
	}
	_, err := io.WriteString(w, f.Body)
	return err
}

// list returns what info/paths.json states about the file.
func (f File) list() map[string]any {
	sum := sha256.Sum256([]byte(f.Body))
	listed := map[string]any{
		"_path": f.Path, "path_type": "hardlink", "sha256": hex.EncodeToString(sum[:]), "size_in_bytes": len(f.Body),
	}
	if f.Symlink != "" {
		listed["path_type"] = "softlink"
	}
	if f.FileMode != "" {
		listed["prefix_placeholder"], listed["file_mode"] = Placeholder, f.FileMode
	}
	change(listed, f.Listed)
	return listed
}

// change changes keys of a document.
func change(document, changes map[string]any) {
	for key, value := range changes {
		if document[key] = value; value == nil {
			delete(document, key)
		}
	}
}
