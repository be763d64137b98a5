package decompress

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/iotest"
)

func TestSpool(t *testing.T) {
	spool := Spool{Dir: t.TempDir()}
	if err := spool.Close(); err != nil {
		t.Errorf("an unused one: %v", err)
	}
	texts := []string{"one", strings.Repeat("\x00", 1<<20), "", strings.Repeat("four", 1<<18), "\x00"}
	var sections []*io.SectionReader
	for _, text := range texts {
		section, err := spool.Add(iotest.HalfReader(strings.NewReader(text)))
		if err != nil {
			t.Fatal(err)
		}
		sections = append(sections, section)
	}
	for n, section := range sections {
		if got, err := io.ReadAll(section); err != nil || string(got) != texts[n] {
			t.Errorf("section %d: %d bytes, %v, want %d", n, len(got), err, len(texts[n]))
		}
	}
	if entries, err := os.ReadDir(spool.Dir); err != nil || len(entries) > 0 {
		t.Errorf("the file has a name: %v, %v", entries, err)
	}
	if _, err := spool.Add(iotest.ErrReader(io.ErrClosedPipe)); !errors.Is(err, io.ErrClosedPipe) {
		t.Errorf("error %v", err)
	}
	for range 2 {
		if err := spool.Close(); err != nil {
			t.Error(err)
		}
	}
	nowhere := Spool{Dir: filepath.Join(spool.Dir, "none")}
	if _, err := nowhere.Add(strings.NewReader("x")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("without a directory: %v", err)
	}
}
