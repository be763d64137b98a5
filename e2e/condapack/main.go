// Condapack makes a Conda package of the files in a directory:
//
//	condapack [flags] DIR CHANNEL
//
// It writes CHANNEL/SUBDIR/NAME-VERSION-BUILD.conda, with the same bytes for the same files, and prints the package's entry
// for the section "packages" of a pixi.lock of version 6, with --url as the channel's URL. Files that contain --placeholder are
// marked for the replacement of prefixes.
package main

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"flag"
	"fmt"
	"io/fs"
	"log"
	"os"
	"path/filepath"
	"strings"

	"github.com/klauspost/compress/zstd"
)

// index is info/index.json.
type index struct {
	Name         string   `json:"name"`
	Version      string   `json:"version"`
	Build        string   `json:"build"`
	BuildNumber  int      `json:"build_number"`
	Subdir       string   `json:"subdir"`
	Depends      []string `json:"depends"`
	License      string   `json:"license,omitempty"`
	Noarch       string   `json:"noarch,omitempty"`
	SitePackages string   `json:"python_site_packages_path,omitempty"`
}

// path is an element of info/paths.json.
type path struct {
	Path        string `json:"_path"`
	Type        string `json:"path_type"`
	SHA256      string `json:"sha256"`
	Size        int    `json:"size_in_bytes"`
	Placeholder string `json:"prefix_placeholder,omitempty"`
	Mode        string `json:"file_mode,omitempty"`
}

type list []string

func (l *list) String() string         { return strings.Join(*l, " ") }
func (l *list) Set(value string) error { *l = append(*l, value); return nil }

var (
	entryPoints, depends list
	info                 index
	placeholder, url     string
)

func main() {
	log.SetFlags(0)
	log.SetPrefix("condapack: ")
	flag.StringVar(&info.Name, "name", "", "name of the package")
	flag.StringVar(&info.Version, "version", "", "its version")
	flag.StringVar(&info.Build, "build", "0", "its build string")
	flag.StringVar(&info.Subdir, "subdir", "linux-64", "its platform, or noarch")
	flag.StringVar(&info.License, "license", "", "its licence")
	flag.StringVar(&info.Noarch, "noarch", "", "python or generic")
	flag.StringVar(&info.SitePackages, "site-packages", "", "of a Python: where it looks for packages")
	flag.StringVar(&placeholder, "placeholder", "", "prefix that the files were made for")
	flag.StringVar(&url, "url", "", "URL of the channel")
	flag.Var(&entryPoints, "entry-point", "COMMAND = MODULE:FUNCTION; may be repeated")
	flag.Var(&depends, "depends", "match spec; may be repeated")
	flag.Parse()
	if flag.NArg() != 2 || info.Name == "" || info.Version == "" {
		log.Fatal("usage: condapack --name=NAME --version=VERSION [flags] DIR CHANNEL")
	}
	info.Depends = append([]string{}, depends...)
	if err := run(flag.Arg(0), flag.Arg(1)); err != nil {
		log.Fatal(err)
	}
}

func run(directory, channel string) error {
	paths, payload, err := pack(directory)
	if err != nil {
		return err
	}
	files := map[string]any{
		"info/index.json": info,
		"info/paths.json": map[string]any{"paths_version": 1, "paths": paths},
		"info/about.json": map[string]any{"summary": info.Name},
	}
	if info.Noarch == "python" {
		files["info/link.json"] = map[string]any{
			"package_metadata_version": 1,
			"noarch":                   map[string]any{"type": "python", "entry_points": append([]string{}, entryPoints...)},
		}
	}
	metadata, err := packInfo(files)
	if err != nil {
		return err
	}
	stem := fmt.Sprintf("%s-%s-%s", info.Name, info.Version, info.Build)
	archive, err := conda(stem, metadata, payload)
	if err != nil {
		return err
	}
	name := filepath.Join(channel, info.Subdir, stem+".conda")
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		return err
	}
	if err := os.WriteFile(name, archive, 0o644); err != nil {
		return err
	}
	fmt.Printf("  - conda: %s/%s/%s.conda\n    sha256: %x\n    size: %d\n", url, info.Subdir, stem, sha256.Sum256(archive), len(archive))
	if len(depends) > 0 {
		fmt.Println("    depends:")
	}
	for _, spec := range depends {
		fmt.Printf("      - %q\n", spec)
	}
	return nil
}

// pack returns paths.json's elements and the tar of the payload.
func pack(directory string) ([]path, []byte, error) {
	paths := []path{}
	var buffer bytes.Buffer
	w := tar.NewWriter(&buffer)
	err := filepath.WalkDir(directory, func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		relative, err := filepath.Rel(directory, name)
		if err != nil {
			return err
		}
		stat, err := entry.Info()
		if err != nil {
			return err
		}
		p := path{Path: filepath.ToSlash(relative), Type: "hardlink"}
		header := &tar.Header{Name: p.Path, Mode: int64(stat.Mode().Perm()), Typeflag: tar.TypeReg}
		var data []byte
		if entry.Type()&fs.ModeSymlink != 0 {
			p.Type = "softlink"
			header.Typeflag = tar.TypeSymlink
			if header.Linkname, err = os.Readlink(name); err != nil {
				return err
			}
		} else if data, err = os.ReadFile(name); err != nil {
			return err
		}
		header.Size = int64(len(data))
		p.Size, p.SHA256 = len(data), fmt.Sprintf("%x", sha256.Sum256(data))
		if placeholder != "" && bytes.Contains(data, []byte(placeholder)) {
			p.Placeholder, p.Mode = placeholder, "text"
			if bytes.IndexByte(data, 0) >= 0 {
				p.Mode = "binary"
			}
		}
		paths = append(paths, p)
		if err := w.WriteHeader(header); err != nil {
			return err
		}
		_, err = w.Write(data)
		return err
	})
	if err != nil {
		return nil, nil, err
	}
	payload, err := closed(w, &buffer)
	return paths, payload, err
}

func packInfo(files map[string]any) ([]byte, error) {
	var buffer bytes.Buffer
	w := tar.NewWriter(&buffer)
	for _, name := range []string{"info/about.json", "info/index.json", "info/link.json", "info/paths.json"} {
		if files[name] == nil {
			continue
		}
		data, err := json.Marshal(files[name])
		if err != nil {
			return nil, err
		}
		if err := w.WriteHeader(&tar.Header{Name: name, Mode: 0o644, Size: int64(len(data))}); err != nil {
			return nil, err
		}
		if _, err := w.Write(data); err != nil {
			return nil, err
		}
	}
	return closed(w, &buffer)
}

// conda returns the package: a zip whose members are not compressed again.
func conda(stem string, metadata, payload []byte) ([]byte, error) {
	encoder, err := zstd.NewWriter(nil)
	if err != nil {
		return nil, err
	}
	var buffer bytes.Buffer
	w := zip.NewWriter(&buffer)
	for _, member := range []struct {
		name string
		data []byte
	}{
		{"metadata.json", []byte(`{"conda_pkg_format_version": 2}`)},
		{"info-" + stem + ".tar.zst", encoder.EncodeAll(metadata, nil)},
		{"pkg-" + stem + ".tar.zst", encoder.EncodeAll(payload, nil)},
	} {
		file, err := w.CreateHeader(&zip.FileHeader{Name: member.name, Method: zip.Store})
		if err != nil {
			return nil, err
		}
		if _, err := file.Write(member.data); err != nil {
			return nil, err
		}
	}
	if err := w.Close(); err != nil {
		return nil, err
	}
	return buffer.Bytes(), nil
}

// closed ends a tar and returns it.
func closed(w *tar.Writer, buffer *bytes.Buffer) ([]byte, error) {
	err := w.Close()
	return buffer.Bytes(), err
}
