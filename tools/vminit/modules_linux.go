package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"unsafe"
)

// finitModule is the number of the system call finit_module(2), which package syscall lacks.
var finitModule = map[string]uintptr{
	"386": 350, "amd64": 313, "arm": 379, "arm64": 273, "loong64": 273, "ppc64": 353, "ppc64le": 353, "riscv64": 273,
	"s390x": 344,
}

// moduleCompressed makes the kernel unpack the module (MODULE_INIT_COMPRESSED_FILE).
const moduleCompressed = 4

// loadModules loads the kernel modules in a directory, in the order of their names. It prints what fails, because the machine
// may well work without a module.
func loadModules(dir string) {
	entries, err := os.ReadDir(dir)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		say("%v", err)
	}
	for _, e := range entries {
		if e.IsDir() {
			continue
		}
		if err := loadModule(filepath.Join(dir, e.Name())); err != nil {
			say("%v", err)
		}
	}
}

func loadModule(name string) error {
	call, ok := finitModule[runtime.GOARCH]
	if !ok {
		return fmt.Errorf("%s: modules are not supported on %s", name, runtime.GOARCH)
	}
	f, err := os.Open(name)
	if err != nil {
		return err
	}
	defer f.Close()
	var flags uintptr
	if !strings.HasSuffix(name, ".ko") {
		flags = moduleCompressed
	}
	none := []byte{0}
	_, _, errno := syscall.Syscall(call, f.Fd(), uintptr(unsafe.Pointer(&none[0])), flags)
	switch errno {
	case 0, syscall.EEXIST:
		return nil
	case syscall.ENOENT:
		return fmt.Errorf("load module %s: it needs a module that is not loaded; modules load in the order of their names", name)
	}
	return fmt.Errorf("load module %s: %w", name, errno)
}
