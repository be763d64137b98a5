package main

import (
	"fmt"
	"os"
	"syscall"

	"github.com/rules-strata/rules_strata/tools/internal/rootfs/guest"
)

// powerOff stops the machine. It does not return.
func powerOff(code int) {
	syscall.Sync()
	// It fails where there is nothing to do: on an overlay's read-only lower file system, on an initramfs.
	_ = syscall.Mount("", "/", "", syscall.MS_REMOUNT|syscall.MS_RDONLY, "")
	fmt.Fprintf(os.Stdout, "%s%d\n", guest.ExitLine, code)
	drainConsole()
	command := syscall.LINUX_REBOOT_CMD_POWER_OFF
	if commandLine().value("reboot") == "k" {
		command = syscall.LINUX_REBOOT_CMD_RESTART
	}
	attempt(named("reboot", syscall.Reboot(command)))
	os.Exit(code) // The kernel panics, which ends the machine if its command line has panic=-1.
}
