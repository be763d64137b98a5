// Boot starts a root file system with an init as a virtual machine, with QEMU.
//
// The rule image_boot passes a kernel and a file of image_rootfs. The machine's console is standard output. Ports of the
// machine are reachable through ports of 127.0.0.1. An interrupt or SIGTERM asks the program in the machine to stop; a second
// one, or 30 seconds, end the machine. The exit code is that of the program, which vminit prints to the console.
//
// "boot --help" lists the flags.
package main

import "github.com/rules-strata/rules_strata/tools/internal/cli/launch"

func main() { command.MainFrom(launch.Args("rootfs")) }
