// Server is the program of the images in e2e/boot. Without arguments it serves what it finds out about its process until it
// gets SIGTERM, and then exits with code 7. "server exit N" exits with code N,
// "server deaf" ignores SIGTERM, and "server kill" is killed by a signal.
package main

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"
)

func main() {
	if len(os.Args) > 1 {
		// Otherwise it serves, and lists its arguments.
		switch os.Args[1] {
		case "exit":
			code, _ := strconv.Atoi(os.Args[2])
			os.Exit(code)
		case "deaf":
			signal.Ignore(syscall.SIGTERM)
			fmt.Println("deaf")
			time.Sleep(time.Hour)
		case "kill":
			_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
		case "orphan":
			time.Sleep(100 * time.Millisecond)
			return
		case "parent":
			// It ends before its child does.
			fmt.Println(start("orphan", nil))
			return
		}
	}
	stop := make(chan os.Signal, 1)
	signal.Notify(stop, syscall.SIGTERM)
	http.HandleFunc("/process", process)
	http.HandleFunc("/orphan", orphan)
	go func() { panic(http.ListenAndServe(":80", nil)) }()
	fmt.Println("serving")
	fmt.Printf("stopped by %v\n", <-stop)
	os.Exit(7)
}

// process describes the process and its machine.
func process(w http.ResponseWriter, _ *http.Request) {
	dir, _ := os.Getwd()
	host, _ := os.Hostname()
	groups, _ := os.Getgroups()
	env := os.Environ()
	slices.Sort(env)
	fmt.Fprintf(w, "args %q\n", os.Args)
	fmt.Fprintln(w, "user", os.Getuid(), os.Getgid(), groups)
	fmt.Fprintln(w, "dir", dir)
	fmt.Fprintln(w, "hostname", host)
	for _, pair := range env {
		fmt.Fprintln(w, "env", pair)
	}
	for _, name := range []string{"data/new", "/tmp/new", "/dev/shm/new", "/etc/new"} {
		err := os.WriteFile(name, []byte("text"), 0o600)
		fmt.Fprintln(w, "write", name, err)
	}
	for _, name := range []string{"/dev/stdout", "/dev/null", "/dev/pts/ptmx", "/proc/self/stat", "/sys/kernel/uevent_seqnum"} {
		f, err := os.Open(name)
		if err == nil {
			f.Close()
		}
		fmt.Fprintln(w, "open", name, err)
	}
	f, err := os.OpenFile("/dev/stdout", os.O_WRONLY, 0)
	if err == nil {
		fmt.Fprintln(f, "a line to /dev/stdout")
	}
	found, err := net.LookupHost("localhost")
	fmt.Fprintln(w, "lookup localhost", found, err)
	mounts, _ := os.ReadFile("/proc/mounts")
	for line := range strings.Lines(string(mounts)) {
		fields := strings.Fields(line)
		fmt.Fprintln(w, "mount", fields[1], fields[2])
	}
}

// orphan makes a process whose parent has ended, and reports what the first process makes of it.
func orphan(w http.ResponseWriter, _ *http.Request) {
	var out strings.Builder
	start("parent", &out)
	pid := strings.TrimSpace(out.String())
	fmt.Fprintln(w, "parent of the orphan:", status(pid, "PPid"))
	time.Sleep(500 * time.Millisecond)
	fmt.Fprintln(w, "state of the orphan:", status(pid, "State"))
}

// start runs this program, and waits for its end if its output is wanted.
func start(arg string, out io.Writer) int {
	command := exec.Command("/proc/self/exe", arg)
	command.Stdout = out
	run := command.Start
	if out != nil {
		run = command.Run
	}
	if err := run(); err != nil {
		panic(err)
	}
	return command.Process.Pid
}

func status(pid, field string) string {
	text, err := os.ReadFile(filepath.Join("/proc", pid, "status"))
	if err != nil {
		return "gone"
	}
	for line := range strings.Lines(string(text)) {
		if value, ok := strings.CutPrefix(line, field+":"); ok {
			return strings.TrimSpace(value)
		}
	}
	return "unknown"
}
