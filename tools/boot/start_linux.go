package main

import (
	"os/exec"
	"runtime"
	"syscall"
)

// keepApart makes an interrupt from the terminal reach this process only, and QEMU end with it.
func keepApart(command *exec.Cmd) {
	command.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
}

// start starts QEMU on a thread that lives as long as the process: the kernel sends Pdeathsig when the thread ends.
func start(command *exec.Cmd) error {
	started := make(chan error)
	go func() {
		runtime.LockOSThread()
		err := command.Start()
		started <- err
		if err == nil {
			select {}
		}
	}()
	return <-started
}
