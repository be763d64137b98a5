package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/rules-strata/rules_strata/tools/internal/rootfs/guest"
)

// Exit codes of a program that does not start, as shells and engines use them.
const (
	cannotStart = 126
	cannotFind  = 127
)

const (
	// stopTimeout is how long the program may take to stop. It is that of engines.
	stopTimeout = 10 * time.Second
	// restTimeout is how long the other processes may take to stop after it.
	restTimeout = 3 * time.Second
)

// supervise runs the program until it ends, stops everything that is left, and returns the program's exit code.
func supervise(run guest.Run, signals <-chan os.Signal) int {
	pid, err := launch(run)
	if err != nil {
		say("%v", err)
		if errors.Is(err, fs.ErrNotExist) {
			return cannotFind
		}
		return cannotStart
	}
	ended, empty := reap(pid)
	status := await(pid, syscall.Signal(run.StopSignal), signals, ended)
	stopRest(empty)
	if status.Signaled() {
		return 128 + int(status.Signal())
	}
	return status.ExitStatus()
}

// launch starts the program in a session of its own.
func launch(run guest.Run) (pid int, err error) {
	if err := os.MkdirAll(run.Dir, 0o755); err != nil {
		return 0, fmt.Errorf("working directory: %w", err)
	}
	if err := os.Chdir(run.Dir); err != nil {
		return 0, fmt.Errorf("working directory: %w", err)
	}
	program, err := find(run.Args[0], run.Env)
	if err != nil {
		return 0, err
	}
	// Programs open /dev/stdout, which leads here, with the rights of their user.
	attempt(os.Chown(console, int(run.UID), -1))
	pid, err = syscall.ForkExec(program, run.Args, &syscall.ProcAttr{
		Dir: run.Dir, Env: run.Env, Files: []uintptr{0, 1, 2},
		Sys: &syscall.SysProcAttr{
			Setsid:     true,
			Credential: &syscall.Credential{Uid: run.UID, Gid: run.GID, Groups: run.Groups},
		},
	})
	if errors.Is(err, syscall.ENOENT) {
		return 0, fmt.Errorf("start %s: the program that interprets it is missing: %w", program, err)
	}
	if errors.Is(err, syscall.ENOEXEC) {
		return 0, fmt.Errorf("start %s: %w; is it for another architecture, or a script without #!?", program, err)
	}
	return pid, named("start "+program, err)
}

// find returns the path of a program: one without a slash is searched for in PATH. The working directory is the program's.
func find(name string, env []string) (string, error) {
	if strings.Contains(name, "/") {
		_, err := os.Stat(name)
		return name, err
	}
	path := ""
	for _, pair := range env {
		if value, ok := strings.CutPrefix(pair, "PATH="); ok {
			path = value
		}
	}
	for _, dir := range filepath.SplitList(path) {
		file := filepath.Join(dir, name)
		if !strings.Contains(file, "/") {
			file = "./" + file
		}
		if info, err := os.Stat(file); err == nil && info.Mode().IsRegular() && info.Mode()&0o111 != 0 {
			return file, nil
		}
	}
	return "", fmt.Errorf("%s: no such program in PATH=%s: %w", name, path, fs.ErrNotExist)
}

// reap waits for all processes, also for those that lost their parents. The first channel gets the status of the process
// pid; the second is closed when no process is left after that.
func reap(pid int) (ended <-chan syscall.WaitStatus, empty <-chan struct{}) {
	status, none := make(chan syscall.WaitStatus, 1), make(chan struct{})
	go func() {
		for {
			var s syscall.WaitStatus
			got, err := syscall.Wait4(-1, &s, 0, nil)
			switch {
			case errors.Is(err, syscall.EINTR):
			case err != nil:
				close(none)
				return
			case got == pid:
				status <- s
			}
		}
	}()
	return status, none
}

// await waits until the process pid ends, and stops it on a signal. Further signals change nothing: a program may take a
// second one as the wish to end without order.
func await(
	pid int, stop syscall.Signal, signals <-chan os.Signal, ended <-chan syscall.WaitStatus,
) syscall.WaitStatus {
	var timeout <-chan time.Time
	for {
		select {
		case status := <-ended:
			return status
		case s := <-signals:
			if timeout == nil && (s == syscall.SIGINT || s == syscall.SIGTERM || s == syscall.SIGPWR) {
				timeout = time.After(stopTimeout)
				attempt(named("stop the program", syscall.Kill(pid, stop)))
			}
		case <-timeout:
			say("the program did not stop in %v; it is killed", stopTimeout)
			attempt(named("kill the program", syscall.Kill(pid, syscall.SIGKILL)))
		}
	}
}

// stopRest stops all other processes.
func stopRest(empty <-chan struct{}) {
	for _, s := range []syscall.Signal{syscall.SIGTERM, syscall.SIGKILL} {
		if err := syscall.Kill(-1, s); err != nil {
			return // there are none
		}
		select {
		case <-empty:
			return
		case <-time.After(restTimeout):
		}
	}
}
