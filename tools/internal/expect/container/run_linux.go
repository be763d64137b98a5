package container

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
)

// initName is the program's name in the process that becomes the command.
const initName = "rules_strata-container"

// Exit codes of the init process, as those of shells.
const (
	exitSetUp    = 125 // the container could not be made; standard error says why
	exitNotFound = 127
)

// The capabilities that the init process needs until it starts the command, by number.
const (
	capChroot = 18 // CAP_SYS_CHROOT
	capAdmin  = 21 // CAP_SYS_ADMIN
)

// Run runs a command in the container and waits for its end. The error wraps [ErrUnavailable] if the machine does not
// permit containers. Another error is about the command: it cannot be started, or writes too much.
func (c *Container) Run(ctx context.Context, p Process) (Outcome, error) {
	spec, err := json.Marshal(p)
	if err != nil {
		return Outcome{}, err
	}
	// The kernel kills the process when the thread that started it ends.
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	report, reports, err := os.Pipe()
	if err != nil {
		return Outcome{}, err
	}
	defer report.Close()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	stdout, stderr := &limited{stop: cancel}, &limited{stop: cancel}
	cmd := exec.CommandContext(ctx, "/proc/self/exe")
	cmd.Args = []string{initName, c.root, string(spec)}
	cmd.Env = []string{}
	cmd.Stdout, cmd.Stderr = stdout, stderr
	cmd.ExtraFiles = []*os.File{reports}
	cmd.SysProcAttr = &syscall.SysProcAttr{
		Cloneflags: syscall.CLONE_NEWUSER | syscall.CLONE_NEWNS | syscall.CLONE_NEWPID | syscall.CLONE_NEWIPC |
			syscall.CLONE_NEWUTS | syscall.CLONE_NEWNET,
		UidMappings: []syscall.SysProcIDMap{{ContainerID: int(p.UID), HostID: os.Geteuid(), Size: 1}},
		GidMappings: []syscall.SysProcIDMap{{ContainerID: int(p.GID), HostID: os.Getegid(), Size: 1}},
		AmbientCaps: []uintptr{capChroot, capAdmin},
		Pdeathsig:   syscall.SIGKILL,
		Setsid:      true,
	}
	err = cmd.Start()
	reports.Close()
	if err != nil {
		return Outcome{}, fmt.Errorf("%w: %w", ErrUnavailable, err)
	}
	var problem bytes.Buffer
	problem.ReadFrom(report)
	cmd.Wait() // its state says how it ended
	switch {
	case problem.Len() > 0 && cmd.ProcessState.ExitCode() == exitSetUp:
		return Outcome{}, fmt.Errorf("%w: %s", ErrUnavailable, &problem)
	case problem.Len() > 0:
		return Outcome{}, errors.New(problem.String())
	case stdout.full || stderr.full:
		return Outcome{}, fmt.Errorf("the command writes more than %d bytes", MaxOutput)
	case ctx.Err() != nil:
		return Outcome{}, ctx.Err()
	}
	code := cmd.ProcessState.ExitCode()
	if status := cmd.ProcessState.Sys().(syscall.WaitStatus); status.Signaled() {
		code = 128 + int(status.Signal())
	}
	return Outcome{stdout.text, stderr.text, code}, nil
}

// limited keeps written bytes up to a limit.
type limited struct {
	text []byte
	full bool
	stop func()
}

func (l *limited) Write(p []byte) (int, error) {
	if len(l.text)+len(p) > MaxOutput {
		l.full = true
		l.stop()
		return 0, errors.New("too much output")
	}
	l.text = append(l.text, p...)
	return len(p), nil
}

// Init turns the process into the command of a container if it was started for that, and otherwise returns.
func Init() {
	if len(os.Args) != 3 || os.Args[0] != initName {
		return
	}
	// Capabilities belong to a thread.
	runtime.LockOSThread()
	reports := os.NewFile(3, "reports")
	syscall.CloseOnExec(3)
	code, err := exitSetUp, error(nil)
	var p Process
	if err = json.Unmarshal([]byte(os.Args[2]), &p); err == nil {
		if err = enter(os.Args[1]); err == nil {
			code = exitNotFound
			err = start(p)
		}
	}
	fmt.Fprint(reports, err)
	os.Exit(code)
}

// enter makes root the root directory, with the file systems that programs expect.
func enter(root string) error {
	// Nothing that is mounted here is seen elsewhere.
	if err := syscall.Mount("", "/", "", syscall.MS_REC|syscall.MS_PRIVATE, ""); err != nil {
		return fmt.Errorf("mounts: %w", err)
	}
	for _, dir := range []string{"proc", "dev", "tmp"} {
		if err := os.Mkdir(filepath.Join(root, dir), 0o755); err != nil && !errors.Is(err, os.ErrExist) {
			return err
		}
	}
	// Some sandboxes do not permit it; most programs do without.
	syscall.Mount("proc", filepath.Join(root, "proc"), "proc", syscall.MS_NOSUID|syscall.MS_NODEV|syscall.MS_NOEXEC, "")
	if err := devices(filepath.Join(root, "dev")); err != nil {
		return err
	}
	if err := syscall.Chroot(root); err != nil {
		return fmt.Errorf("chroot: %w", err)
	}
	syscall.Sethostname([]byte("container"))
	return os.Chdir("/")
}

// devices provides the devices of the machine that every engine provides.
func devices(dir string) error {
	if err := syscall.Mount("tmpfs", dir, "tmpfs", syscall.MS_NOSUID|syscall.MS_NOEXEC, "mode=755"); err != nil {
		return fmt.Errorf("/dev: %w", err)
	}
	for _, name := range []string{"null", "zero", "full", "random", "urandom"} {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, nil, 0o666); err != nil {
			return err
		}
		if err := syscall.Mount("/dev/"+name, path, "", syscall.MS_BIND, ""); err != nil {
			return fmt.Errorf("/dev/%s: %w", name, err)
		}
	}
	for name, target := range map[string]string{
		"fd": "/proc/self/fd", "stdin": "/proc/self/fd/0", "stdout": "/proc/self/fd/1", "stderr": "/proc/self/fd/2",
	} {
		if err := os.Symlink(target, filepath.Join(dir, name)); err != nil {
			return err
		}
	}
	return os.Mkdir(filepath.Join(dir, "shm"), 0o777)
}

// start replaces the process by the command. It returns only if that fails.
func start(p Process) error {
	if err := os.MkdirAll(p.Dir, 0o755); err != nil {
		return err
	}
	if err := os.Chdir(p.Dir); err != nil {
		return err
	}
	path, err := find(p)
	if err != nil {
		return err
	}
	if err := dropCapabilities(); err != nil {
		return err
	}
	err = syscall.Exec(path, p.Args, p.Env)
	if _, errStat := os.Stat(path); errStat == nil && errors.Is(err, os.ErrNotExist) {
		err = errors.New("the interpreter that it needs does not exist")
	}
	return fmt.Errorf("%s: %w", p.Args[0], err)
}

// find returns the path of the program.
func find(p Process) (string, error) {
	name := p.Args[0]
	if strings.Contains(name, "/") {
		return name, nil
	}
	path := ""
	for _, variable := range p.Env {
		if value, ok := strings.CutPrefix(variable, "PATH="); ok {
			path = value
		}
	}
	for dir := range strings.SplitSeq(path, ":") {
		file := filepath.Join(dir, name)
		if info, err := os.Stat(file); err == nil && info.Mode().IsRegular() && info.Mode()&0o111 != 0 {
			return file, nil
		}
	}
	return "", fmt.Errorf("%s: not found in the PATH of the image, %q", name, path)
}

// dropCapabilities makes the command an ordinary process: without it, it would inherit the rights of this one.
func dropCapabilities() error {
	const ambient, clearAll = 47, 4 // PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL
	if _, _, errno := syscall.RawSyscall6(syscall.SYS_PRCTL, ambient, clearAll, 0, 0, 0, 0); errno != 0 {
		return fmt.Errorf("capabilities: %w", errno)
	}
	return nil
}
