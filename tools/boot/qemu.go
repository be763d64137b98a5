package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"syscall"
	"time"

	"github.com/rules-strata/rules_strata/tools/internal/cli"
)

const (
	// stopTimeout is how long the machine may take to stop. The init process limits each of its steps to less.
	stopTimeout = 30 * time.Second
	// stopInterval is the time between two requests to stop: the machine does not see one that comes before its init runs.
	stopInterval = time.Second
	// interrupt is the character that makes a terminal send an interrupt.
	interrupt = "\x03"
)

// boot runs QEMU until the machine stops, and returns the exit code of the program in it. The end of ctx stops the program.
func boot(ctx context.Context, std cli.Streams, qemu string, args []string) (int, error) {
	console := &console{out: std.Out}
	command := exec.Command(qemu, args...)
	command.Stdout, command.Stderr = console, std.Err
	keepApart(command)
	keyboard, err := command.StdinPipe()
	if err != nil {
		return 0, err
	}
	if err := start(command); err != nil {
		return 0, err
	}
	ended := make(chan error, 1)
	go func() { ended <- command.Wait() }()
	select {
	case err = <-ended:
	case <-ctx.Done():
		err = stop(command, keyboard, ended)
	}
	if err != nil {
		return 0, fmt.Errorf("%s: %w", qemu, err)
	}
	code, ok := console.exitCode()
	if !ok {
		return 0, cli.Hint(errors.New("the machine stopped before its program ended"),
			"--kernel-arg=loglevel=7 makes the kernel print more; the file system must have an init (image_rootfs, init)")
	}
	return code, nil
}

// stop stops the machine, in order if the init process and the program take part in it.
func stop(command *exec.Cmd, keyboard io.Writer, ended <-chan error) error {
	again := make(chan os.Signal, 1)
	signal.Notify(again, os.Interrupt, syscall.SIGTERM)
	defer signal.Stop(again)
	timeout := time.After(stopTimeout)
	for {
		// An error means that QEMU has ended.
		_, _ = io.WriteString(keyboard, interrupt)
		select {
		case err := <-ended:
			return err
		case <-time.After(stopInterval):
		case <-again:
			return kill(command, ended, errors.New("interrupted twice; the machine was ended without order"))
		case <-timeout:
			return kill(command, ended, fmt.Errorf("the machine did not stop in %v and was ended without order", stopTimeout))
		}
	}
}

func kill(command *exec.Cmd, ended <-chan error, reason error) error {
	if err := command.Process.Kill(); err != nil {
		return err
	}
	<-ended
	return reason
}
