//go:build unix && !linux

package main

import (
	"os/exec"
	"syscall"
)

// keepApart makes an interrupt from the terminal reach this process only.
func keepApart(command *exec.Cmd) { command.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} }

func start(command *exec.Cmd) error { return command.Start() }
