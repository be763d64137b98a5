package enginetest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
)

// Programs that containers can run. Every other one prints its container's arguments and exits with status 7.
const (
	Missing = "/missing" // cannot be started
	Flood   = "/flood"   // writes without end
)

// Calls is the file in the directory FAKE_STORE with the calls that make, keep and remove containers and images, one a line.
const Calls = "calls"

// containerCommands are the commands of container.
var containerCommands = []string{"create", "start", "container", "commit", "rm", "rmi"}

// container performs a command for containers, of which there is one at a time, and returns the exit code.
func (e engine) container(args []string) int {
	stored := filepath.Join(os.Getenv("FAKE_STORE"), "container.json")
	if args[0] != "start" && args[0] != "container" {
		calls, err := os.OpenFile(filepath.Join(os.Getenv("FAKE_STORE"), Calls), os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o666)
		if err != nil {
			return 125
		}
		fmt.Fprintf(calls, "%s\n", strings.Join(args, " "))
		calls.Close()
	}
	var created []string
	if data, err := os.ReadFile(stored); err == nil {
		json.Unmarshal(data, &created)
	}
	missing := strings.Contains(strings.Join(created, " "), "--entrypoint="+Missing)
	switch args[0] {
	case "create":
		data, _ := json.Marshal(args)
		os.WriteFile(stored, data, 0o666)
		fmt.Println("a warning\nid")
	case "start":
		switch {
		case missing:
			fmt.Fprintln(os.Stderr, "Error: no such program")
			return 127
		case strings.Contains(strings.Join(created, " "), "--entrypoint="+Flood):
			for {
				if _, err := io.Copy(os.Stdout, bytes.NewReader(make([]byte, 1<<20))); err != nil {
					return 1
				}
			}
		}
		fmt.Printf("%q\n", created)
		fmt.Fprintln(os.Stderr, "note")
		return 7
	case "container":
		switch {
		case missing && e.name == "docker":
			fmt.Println("127 created no such program")
		case missing:
			fmt.Println("0 created ")
		default:
			fmt.Println("7 exited ")
		}
	}
	return 0
}
