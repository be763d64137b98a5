package progress

import (
	"io"
	"os"
	"syscall"
	"unsafe"
)

// terminalWidth queries the kernel (ioctl_tty(2)). The variable TERM determines whether the cursor can be moved.
func terminalWidth(w io.Writer) int {
	file, ok := w.(*os.File)
	if term := os.Getenv("TERM"); !ok || term == "" || term == "dumb" {
		return 0
	}
	conn, err := file.SyscallConn()
	if err != nil {
		return 0
	}
	var size struct{ rows, columns, xPixels, yPixels uint16 }
	var errno syscall.Errno
	err = conn.Control(func(fd uintptr) {
		_, _, errno = syscall.Syscall(
			syscall.SYS_IOCTL, fd, syscall.TIOCGWINSZ, uintptr(unsafe.Pointer(&size)))
	})
	if err != nil || errno != 0 {
		return 0
	}
	return int(size.columns)
}
