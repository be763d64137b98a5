package main

import (
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
)

// input returns the directory of the named input, and makes it unless it is there: "tree" is the Go installation,
// "file" is a file of 2 GiB, "large" is 1 GiB in files of 1 MiB, "tiny" is many small files. The bytes of the last three
// are always the same.
func (b *bench) input(name string) (string, error) {
	dir := filepath.Join(b.work, name)
	part, mebibytes, tiny := ".", 1<<10, 100_000
	if b.small {
		part, mebibytes, tiny = "src/net", 10, 1000
	}
	if name == "tree" {
		root, err := exec.Command("go", "env", "GOROOT").Output()
		if err != nil {
			return "", fmt.Errorf("go env GOROOT: %w", err)
		}
		return filepath.EvalSymlinks(filepath.Join(strings.TrimSpace(string(root)), part))
	}
	err := os.Mkdir(dir, 0o777)
	switch {
	case errors.Is(err, fs.ErrExist):
		return dir, nil
	case err == nil && name == "file":
		err = writeFile(filepath.Join(dir, "data"), 1, 2*mebibytes)
	case err == nil && name == "large":
		for i := range mebibytes {
			err = errors.Join(err, writeFile(filepath.Join(dir, fmt.Sprintf("%04d", i)), uint32(i), 1))
		}
	case err == nil:
		err = writeTiny(dir, tiny)
	}
	return dir, err
}

const piece = 64 << 10

// writeFile writes a file of so many MiB: words, of which every fourth piece is noise, which cannot be packed. A seed
// gives the same bytes each time.
func writeFile(path string, seed uint32, mebibytes int) error {
	file, err := os.Create(path)
	if err != nil {
		return err
	}
	defer file.Close()
	noise := rand.NewChaCha8([32]byte{byte(seed), byte(seed >> 8)})
	for i := range mebibytes << 20 / piece {
		content := make([]byte, piece)
		if i%4 == 3 {
			noise.Read(content) // never fails
		} else {
			content = words(rand.New(noise), piece)
		}
		if _, err := file.Write(content); err != nil {
			return err
		}
	}
	return file.Close()
}

// writeTiny writes files of 100 to 299 bytes, 1000 in a directory.
func writeTiny(dir string, count int) error {
	random := rand.New(rand.NewPCG(1, 2))
	for i := range count {
		path := filepath.Join(dir, fmt.Sprintf("%03d/%03d.txt", i/1000, i%1000))
		if i%1000 == 0 {
			if err := os.Mkdir(filepath.Dir(path), 0o777); err != nil {
				return err
			}
		}
		if err := os.WriteFile(path, words(random, 100+i%200), 0o666); err != nil {
			return err
		}
	}
	return nil
}

// words returns size bytes of hexadecimal words, short ones more often than long ones.
func words(random *rand.Rand, size int) []byte {
	b := make([]byte, 0, size+8)
	for len(b) < size {
		b = append(strconv.AppendUint(b, uint64(random.Uint32()>>(8+random.IntN(20))), 16), ' ')
	}
	return b[:size]
}
