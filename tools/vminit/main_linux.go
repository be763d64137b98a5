// Vminit is the first process of a virtual machine that boots from an image. It turns a kernel into what a program in a
// container expects, starts the program of /.strata/run.json (package guest), and stops the machine when it ends.
//
// It mounts the usual file systems, puts a writable overlay over a read-only root, loads the modules in /.strata/modules,
// sets the hostname, and configures the network if the kernel's command line has an address that the kernel did not set.
// The program runs as a child with its user, environment and directory. Vminit reaps orphans. The console's Ctrl-C,
// Ctrl-Alt-Del, SIGINT and SIGTERM send the program its stop signal, and SIGKILL 10 seconds later.
//
// Once the program has ended, vminit stops all other processes, writes everything to disk and prints "vminit: exit code N"
// to the console. Like a shell's, the code is 128 plus the number of the signal that ended the program, 127 if it was not
// found, and 126 if it cannot be started. Then the machine powers off, or restarts if the kernel's command line has
// reboot=k, which is how a Firecracker machine ends.
//
// Everything on the way to the program that fails is a line on the console. Only what makes a start impossible ends the
// machine.
//
// Non-goals: several programs, restarts, logs, DHCP.
package main

import (
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"github.com/rules-strata/rules_strata/tools/internal/rootfs/guest"
)

func main() {
	if os.Getpid() != 1 {
		say("it works only as the first process of a virtual machine")
		os.Exit(2)
	}
	// Without a handler, Go's runtime would end the process, and with it the machine. These are the signals that the console
	// and the kernel can send. They are not ignored, because the program would inherit that.
	signals := make(chan os.Signal, 16)
	signal.Notify(signals, syscall.SIGHUP, syscall.SIGINT, syscall.SIGPIPE, syscall.SIGPWR, syscall.SIGQUIT, syscall.SIGTERM,
		syscall.SIGTSTP, syscall.SIGTTIN, syscall.SIGTTOU, syscall.SIGUSR1, syscall.SIGUSR2)
	// Ctrl-Alt-Del is a SIGINT, and does not restart the machine at once.
	attempt(named("reboot", syscall.Reboot(syscall.LINUX_REBOOT_CMD_CAD_OFF)))
	powerOff(start(signals))
}

// start prepares the machine, runs the program and returns its exit code.
func start(signals <-chan os.Signal) int {
	attempt(mountAll(early))
	attempt(openConsole())
	loadModules(guest.Modules)
	if readOnly() {
		attempt(overlay())
	}
	attempt(mountAll(always))
	if readOnly() {
		attempt(mountAll(scratch))
	}
	attempt(linkDevices())
	line := commandLine()
	attempt(configureNetwork(line))
	f, err := os.Open(guest.RunFile)
	if err != nil {
		say("%v; was the file system built with an init?", err)
		return cannotFind
	}
	run, err := guest.Read(f)
	f.Close()
	if err != nil {
		say("%s: %v", guest.RunFile, err)
		return cannotStart
	}
	hostname := first(line.value("hostname"), run.Hostname)
	if hostname != "" {
		attempt(named("hostname", syscall.Sethostname([]byte(hostname))))
	}
	nameFiles(line, hostname)
	return supervise(run, signals)
}

// say prints a line to the console.
func say(format string, values ...any) {
	fmt.Fprintf(os.Stderr, "vminit: "+format+"\n", values...)
}

// attempt prints an error that does not end the start.
func attempt(err error) {
	if err != nil {
		say("%v", err)
	}
}

// named adds the subject to an error.
func named(subject string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s: %w", subject, err)
}

func first(a, b string) string {
	if a != "" {
		return a
	}
	return b
}
