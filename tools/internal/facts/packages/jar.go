package packages

import (
	"archive/zip"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"strings"
)

const (
	// maxJar bounds a jar, in bytes.
	maxJar = 1 << 30
	// maxMembers bounds the files of a jar.
	maxMembers = 1_000_000
	// maxProperties bounds a pom.properties, in bytes.
	maxProperties = 64 << 10
	// maxNesting bounds how deep jars are inside of others: that of an application has its libraries.
	maxNesting = 2
)

var errDamagedJar = errors.New("not a jar, or a damaged one")

// jar reads META-INF/maven/GROUP/ARTIFACT/pom.properties, which Maven puts into each jar that it builds. A jar that was merged
// from others has several. Package zip needs random access, so the jar goes to a temporary file.
func jar(s *Scanner, f *File, size int64, content io.Reader) error {
	if size > maxJar {
		return fmt.Errorf("a jar of %d bytes, the limit is %d", size, maxJar)
	}
	spool, err := os.CreateTemp(s.Scratch, "jar")
	if err != nil {
		return fault{err}
	}
	defer os.Remove(spool.Name())
	defer spool.Close()
	n, err := io.Copy(spool, io.LimitReader(content, maxJar+1))
	if err != nil {
		return fault{err}
	}
	if n > maxJar {
		return fmt.Errorf("a jar of more than %d bytes", maxJar)
	}
	return f.jar(spool, n, 0)
}

// jar reads a jar, and those inside of it that are stored uncompressed, as Spring Boot does it.
func (f *File) jar(r io.ReaderAt, size int64, depth int) error {
	archive, err := zip.NewReader(r, size)
	if err != nil {
		return errDamagedJar
	}
	if len(archive.File) > maxMembers {
		return fmt.Errorf("a jar with more than %d files", maxMembers)
	}
	for _, member := range archive.File {
		switch {
		case strings.HasPrefix(member.Name, "META-INF/maven/") && path.Base(member.Name) == "pom.properties":
			if err := f.properties(member); err != nil {
				return err
			}
		case path.Ext(member.Name) == ".jar" && depth < maxNesting && member.Method == zip.Store:
			if err := f.nested(r, size, member, depth); err != nil {
				return err
			}
		}
	}
	return nil
}

func (f *File) nested(r io.ReaderAt, size int64, member *zip.File, depth int) error {
	offset, err := member.DataOffset()
	length := int64(member.CompressedSize64)
	if err != nil || offset < 0 || length < 0 || offset > size || length > size-offset {
		return errDamagedJar
	}
	return f.jar(io.NewSectionReader(r, offset, length), length, depth+1)
}

func (f *File) properties(member *zip.File) error {
	content, err := member.Open()
	if err != nil {
		return errDamagedJar
	}
	defer content.Close()
	data, err := readAll(content, maxProperties)
	if err != nil {
		return errDamagedJar
	}
	values := make(map[string]string)
	for line := range strings.Lines(strings.ToValidUTF8(string(data), "\uFFFD")) {
		if key, value, ok := strings.Cut(strings.TrimSpace(line), "="); ok {
			values[strings.TrimSpace(key)] = strings.TrimSpace(value)
		}
	}
	if values["groupId"] == "" || values["version"] == "" {
		return nil
	}
	return f.add(Package{
		Type: "maven", Namespace: values["groupId"], Name: values["artifactId"], Version: values["version"],
	})
}
