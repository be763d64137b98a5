// Package enginetest is a container engine for tests: a program that answers to "version", "info" and "load" as
// docker and podman do, and fails on demand as they do.
//
// A test binary becomes the program by calling [Main] when its name is "docker" or "podman"; the environment variable
// FAKE_DOCKER or FAKE_PODMAN says how it behaves. Non-goal: running containers.
package enginetest

import (
	"archive/tar"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"time"
)

// How the program behaves, as the values of its environment variable. Any other value is the platform that it runs on.
const (
	Down  = "down"  // the daemon does not answer
	Odd   = "odd"   // the platform is not one
	Crash = "crash" // load ends with status 3 after a few bytes of the image
	Deaf  = "deaf"  // load ends well without a look at the image
	Hang  = "hang"  // load reads nothing until it is interrupted
	Full  = "full"  // load refuses the image after it has read it all
	Lax   = "lax"   // load takes whatever it has read, at its end, for an image
)

// Main behaves as the program name, "docker" or "podman", and returns its exit code.
func Main(name string) int {
	behaviour := os.Getenv("FAKE_" + strings.ToUpper(name))
	probe := map[string]string{"docker": "version", "podman": "info"}[name]
	if len(os.Args) < 2 {
		return 125
	}
	switch os.Args[1] {
	case probe:
		return answer(behaviour)
	case "load":
		return load(behaviour)
	}
	return 125
}

func answer(behaviour string) int {
	switch behaviour {
	case Down:
		fmt.Fprintln(os.Stderr, "Cannot connect to the daemon. Is it running?")
		return 1
	case Odd:
		fmt.Println("<no value>")
	case "", Crash, Deaf, Hang, Full, Lax:
		fmt.Println("linux/amd64")
	default:
		fmt.Println(behaviour)
	}
	return 0
}

func load(behaviour string) int {
	switch behaviour {
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
		fmt.Println("waiting")
		select {
		case <-interrupts:
		case <-time.After(time.Minute):
		}
		return 130
	}
	names, err := read(os.Stdin)
	if err == nil && behaviour == Full {
		err = errors.New("the image is refused")
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "Error:", err)
		return 1
	}
	for _, name := range names {
		fmt.Println("Loaded image:", name)
	}
	if len(names) == 0 {
		fmt.Println("Loaded image ID")
	}
	return 0
}

// read returns the names in a docker-archive of one image whose files are all there.
func read(r io.Reader) ([]string, error) {
	var images []struct {
		Config   string
		RepoTags []string
		Layers   []string
	}
	seen := make(map[string]bool)
	for archive := tar.NewReader(r); ; {
		header, err := archive.Next()
		if err == io.EOF {
			break
		}
		if err != nil {
			return nil, err
		}
		seen[header.Name] = true
		if header.Name == "manifest.json" {
			if err := json.NewDecoder(archive).Decode(&images); err != nil {
				return nil, err
			}
		}
	}
	if _, err := io.Copy(io.Discard, r); err != nil || len(images) != 1 {
		return nil, fmt.Errorf("%d images in the archive, %v", len(images), err)
	}
	for _, path := range append(images[0].Layers, images[0].Config) {
		if !seen[path] {
			return nil, fmt.Errorf("%s is missing", path)
		}
	}
	return images[0].RepoTags, nil
}
