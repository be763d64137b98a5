package main

import (
	"os/exec"
	"syscall"
)

// keepApart makes an interrupt from the console reach this process only.
func keepApart(command *exec.Cmd) {
	command.SysProcAttr = &syscall.SysProcAttr{CreationFlags: syscall.CREATE_NEW_PROCESS_GROUP}
}

func start(command *exec.Cmd) error { return command.Start() }
