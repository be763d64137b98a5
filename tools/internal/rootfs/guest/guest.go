// Package guest describes the process that a virtual machine runs when it boots from the files of an image.
//
// An image's config leaves questions that an engine answers when it starts a container: which numbers belong to a user's
// name, what PATH and HOME are. [Resolve] answers them when the file system is built, so mistakes fail the build and the init
// process needs no knowledge of users. The answers are in the file [RunFile], which mkrootfs writes and vminit reads.
//
// The package needs only the standard library, because vminit should stay small.
package guest

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"path"
	"strings"
)

// The files that the init process needs, in the guest.
const (
	// Dir contains the other files. An image must not have it, except for Modules.
	Dir = "/.strata"
	// Init is the init process.
	Init = Dir + "/init"
	// RunFile is what it starts, as JSON.
	RunFile = Dir + "/run.json"
	// Modules contains kernel modules, which the init process loads in the order of their names.
	Modules = Dir + "/modules"
)

// ExitLine starts the line that the init process prints to the console before the machine stops. The exit code follows.
const ExitLine = "vminit: exit code "

// maxRunFile is the maximum size of RunFile in bytes.
const maxRunFile = 16 << 20

// Run is the process to start. Its JSON form is RunFile.
type Run struct {
	// Args are the program and its arguments. A program without a slash is searched for in the PATH of Env.
	Args []string `json:"args"`
	// Env is the complete environment, as "NAME=VALUE".
	Env []string `json:"env"`
	// Dir is the absolute path of the working directory. The init process creates it if it is missing.
	Dir string `json:"dir"`
	// UID and GID are the user and the primary group.
	UID uint32 `json:"uid"`
	GID uint32 `json:"gid"`
	// Groups are the supplementary groups.
	Groups []uint32 `json:"groups,omitempty"`
	// Hostname is the machine's name, or empty to leave the kernel's.
	Hostname string `json:"hostname,omitempty"`
	// StopSignal is the number of the signal that asks the process to stop.
	StopSignal int `json:"stop_signal"`
}

// Encode returns the contents of RunFile.
func (r Run) Encode() ([]byte, error) {
	if err := r.check(); err != nil {
		return nil, err
	}
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	if err := e.Encode(r); err != nil {
		return nil, err
	}
	if b.Len() > maxRunFile {
		return nil, fmt.Errorf("arguments and environment take %d bytes, at most %d are supported", b.Len(), maxRunFile)
	}
	return b.Bytes(), nil
}

// Read reads the contents of RunFile.
func Read(r io.Reader) (Run, error) {
	var run Run
	d := json.NewDecoder(io.LimitReader(r, maxRunFile))
	d.DisallowUnknownFields()
	if err := d.Decode(&run); err != nil {
		return Run{}, err
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return Run{}, errors.New("data after the JSON object")
	}
	return run, run.check()
}

// check rejects what Linux cannot start.
func (r Run) check() error {
	switch {
	case len(r.Args) == 0 || r.Args[0] == "":
		return errors.New("args: the program is missing")
	case !path.IsAbs(r.Dir):
		return fmt.Errorf("dir: %q is not an absolute path", r.Dir)
	case r.UID == noID || r.GID == noID:
		return fmt.Errorf("uid, gid: %d stands for no user", uint32(noID))
	case r.StopSignal < 1 || r.StopSignal > maxSignal:
		return fmt.Errorf("stop_signal: %d is not between 1 and %d", r.StopSignal, maxSignal)
	case len(r.Groups) > maxGroups:
		return fmt.Errorf("groups: %d groups, Linux supports %d", len(r.Groups), maxGroups)
	case len(r.Hostname) > maxHostname:
		return fmt.Errorf("hostname: %d bytes, Linux supports %d", len(r.Hostname), maxHostname)
	}
	for _, field := range []struct {
		name   string
		values []string
	}{{"args", r.Args}, {"env", r.Env}, {"dir", []string{r.Dir}}, {"hostname", []string{r.Hostname}}} {
		for _, value := range field.values {
			if strings.ContainsRune(value, 0) {
				return fmt.Errorf("%s: %q contains a NUL", field.name, value)
			}
		}
	}
	return nil
}

// Limits of Linux.
const (
	maxGroups   = 65536 // NGROUPS_MAX
	maxHostname = 64    // __NEW_UTS_LEN
	maxSignal   = 64
	noID        = 1<<32 - 1 // (uid_t)-1
)
