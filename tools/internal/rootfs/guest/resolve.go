package guest

import (
	"errors"
	"fmt"
	"path"
	"strings"
)

// defaultPath is the PATH that engines set if the image has none.
const defaultPath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

// Config has the fields of an image's config ("config.md" of image-spec) that describe the process.
type Config struct {
	Entrypoint, Cmd []string
	Env             []string
	User            string
	WorkingDir      string
	StopSignal      string
}

// Accounts are the contents of /etc/passwd and /etc/group of an image; nil stands for a missing file.
type Accounts struct{ Passwd, Group []byte }

// Resolve returns the process that an engine would start from an image.
func Resolve(c Config, a Accounts) (Run, error) {
	args := append(append([]string{}, c.Entrypoint...), c.Cmd...)
	if len(args) == 0 {
		return Run{}, errors.New("the image has neither an entrypoint nor a cmd, so there is no program to start")
	}
	if args[0] == "" {
		return Run{}, errors.New("the first argument of the image's entrypoint or cmd is empty, so there is no program to start")
	}
	id, err := a.identity(c.User)
	if err != nil {
		return Run{}, fmt.Errorf("user %q: %w", c.User, err)
	}
	signal, err := parseSignal(c.StopSignal)
	if err != nil {
		return Run{}, fmt.Errorf("stop signal: %w", err)
	}
	run := Run{
		Args: args, Env: environment(c.Env, id.home), Dir: path.Join("/", c.WorkingDir),
		UID: id.uid, GID: id.gid, Groups: id.groups, StopSignal: signal,
	}
	return run, run.check()
}

// environment returns env with PATH and HOME.
func environment(env []string, home string) []string {
	all := append([]string{}, env...)
	if !defines(env, "PATH") {
		all = append(all, "PATH="+defaultPath)
	}
	if !defines(env, "HOME") {
		all = append(all, "HOME="+home)
	}
	return all
}

func defines(env []string, name string) bool {
	for _, pair := range env {
		if strings.HasPrefix(pair, name+"=") {
			return true
		}
	}
	return false
}
