package main

import (
	"os"
	"syscall"
)

// console is where everything is printed. The kernel opens it for the first process only if the root has the device.
const console = "/dev/console"

// openConsole makes the console the standard streams and the controlling terminal. Its Ctrl-C is then a SIGINT, on every
// kind of machine.
func openConsole() error {
	f, err := os.OpenFile(console, os.O_RDWR|syscall.O_NOCTTY, 0)
	if err != nil {
		return err
	}
	defer f.Close()
	for fd := range 3 {
		if err := syscall.Dup3(int(f.Fd()), fd, 0); err != nil {
			return named(console, err)
		}
	}
	// Both fail where the console is not a terminal or the session exists already.
	_, _ = syscall.Setsid()
	_, _, _ = syscall.Syscall(syscall.SYS_IOCTL, 0, syscall.TIOCSCTTY, 0)
	return nil
}

// drainConsole waits until everything that was written to the console is out (tcdrain(3)).
func drainConsole() {
	_, _, _ = syscall.Syscall(syscall.SYS_IOCTL, 1, tcsbrk, 1)
}

const tcsbrk = 0x5409 // TCSBRK
