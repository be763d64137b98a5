// Package enginetest is a container engine for tests: a program that implements the commands of docker, podman, ctr and
// nerdctl that package engine uses, keeps the images that it is given, and fails on demand as they do.
// Instead of running a container, it prints the arguments and standard input, and exits with status 7.
//
// A test binary becomes the program by calling [Main] when its name is one of [Programs]. The environment variable
// FAKE_DOCKER, FAKE_PODMAN, FAKE_CTR or FAKE_NERDCTL sets its behaviour, and FAKE_STORE names a directory where it
// keeps images; without that every load is the first. Podman is on this machine if its platform is followed by " false". It keeps one
// container. Non-goal: running real ones.
package enginetest

import (
	"fmt"
	"io"
	"os"
	"os/signal"
	"slices"
	"strings"
	"time"
)

// Programs are the names under which Main works.
var Programs = []string{"docker", "podman", "ctr", "nerdctl"}

// The behaviours, as values of the environment variable. Any other value is the platform that the program runs on.
const (
	Down        = "down"        // the daemon does not answer
	Odd         = "odd"         // the platform is invalid
	Crash       = "crash"       // load ends with status 3 after a few bytes of the image
	Deaf        = "deaf"        // load succeeds without reading the image
	Hang        = "hang"        // load reads nothing until it is interrupted
	Full        = "full"        // load rejects the image after it has read all of it
	Lax         = "lax"         // load accepts whatever it has read as an image
	Forgetful   = "forgetful"   // load has none of the layers that it reports for its images
	BlindPull   = "blindpull"   // podman on this machine that cannot read directories
	Snapshotter = "snapshotter" // docker with containerd's image store: it does not fail if a layer is missing
)

// Main behaves as the program name and returns its exit code.
func Main(name string) int {
	behaviour := os.Getenv("FAKE_" + strings.ToUpper(name))
	args := os.Args[1:]
	namespace := ""
	if len(args) > 0 && strings.HasPrefix(args[0], "--namespace=") {
		namespace = strings.TrimPrefix(args[0], "--namespace=")
		args = args[1:]
	}
	e := engine{name: name, behaviour: behaviour, namespace: namespace}
	command := strings.Join(args, " ")
	switch {
	case slices.Contains([]string{"docker version", "podman info", "ctr version", "nerdctl version"}, name+" "+args[0]):
		return answer(behaviour)
	case name == "ctr" && command == "images import --all-platforms -",
		name == "nerdctl" && command == "load --all-platforms",
		(name == "docker" || name == "podman") && command == "load":
		return e.load()
	case name == "podman" && strings.HasPrefix(command, "pull --quiet dir:"):
		return e.pull(strings.TrimPrefix(args[2], "dir:"))
	case name == "podman" && args[0] == "tag":
		return e.tag(args[1], args[2:])
	case name == "ctr" && strings.HasPrefix(command, "images tag --force "):
		return e.tag(args[3], args[4:])
	case name == "ctr" && strings.HasPrefix(command, "images rm "):
		return e.untag(args[2])
	case name == "ctr" && command == "content ls --quiet":
		return e.listBlobs()
	case name != "ctr" && command == "image ls --all --quiet --no-trunc":
		return e.list()
	case name == "nerdctl" && strings.HasPrefix(command, "image inspect --mode=native "):
		return e.inspect(args[3:])
	case (name == "docker" || name == "podman") && strings.HasPrefix(command, "image inspect "):
		return e.inspect(args[2:])
	case (name == "docker" || name == "podman") && slices.Contains(containerCommands, args[0]):
		return e.container(args)
	case args[0] == "run":
		fmt.Printf("%s %q\n", name, args)
		io.Copy(os.Stdout, os.Stdin)
		return 7
	}
	fmt.Fprintln(os.Stderr, "unknown command:", name, command)
	return 125
}

func answer(behaviour string) int {
	switch behaviour {
	case Down:
		fmt.Fprintln(os.Stderr, "Cannot connect to the daemon. Is it running?")
		return 1
	case Odd:
		fmt.Println("<no value>")
	case BlindPull:
		fmt.Println("linux/amd64 false")
	case "", Crash, Deaf, Hang, Full, Lax, Forgetful, Snapshotter:
		fmt.Println("linux/amd64")
	default:
		fmt.Println(behaviour)
	}
	return 0
}

func (e engine) load() int {
	switch e.behaviour {
	case Crash:
		os.Stdin.Read(make([]byte, 10))
		fmt.Fprintln(os.Stderr, "unpacking\nError: no space left on device")
		return 3
	case Deaf:
		return 0
	case Lax:
		io.Copy(io.Discard, os.Stdin)
		fmt.Println("Loaded image")
		return 0
	case Hang:
		interrupts := make(chan os.Signal, 1)
		signal.Notify(interrupts, os.Interrupt)
		select {
		case <-interrupts:
		case <-time.After(time.Minute):
		}
		return 130
	}
	if err := e.take(os.Stdin); err != nil {
		fmt.Fprintln(os.Stderr, "Error:", err)
		return 1
	}
	return 0
}
