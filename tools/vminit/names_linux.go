package main

import (
	"bytes"
	"fmt"
	"os"
	"strings"
)

// nameFiles writes /etc/hosts and /etc/resolv.conf where the image has none or an empty one, as engines do. On a root that
// stays read-only nothing can be written, and the image's own files apply.
func nameFiles(line words, hostname string) {
	hosts := "127.0.0.1 localhost\n::1 localhost\n"
	if hostname != "" {
		hosts += fmt.Sprintf("127.0.1.1 %s\n", hostname)
	}
	writeMissing("/etc/hosts", hosts)
	if servers := nameServers(line); servers != "" {
		writeMissing("/etc/resolv.conf", servers)
	}
}

// nameServers returns the name servers of ip=, or else those that the kernel found itself, in the form of resolv.conf(5).
func nameServers(line words) string {
	var text strings.Builder
	if fields := strings.Split(line.value("ip"), ":"); len(fields) > 7 {
		for _, server := range fields[7:min(len(fields), 9)] {
			if server != "" {
				fmt.Fprintf(&text, "nameserver %s\n", server)
			}
		}
	}
	if text.Len() > 0 {
		return text.String()
	}
	known, err := os.ReadFile("/proc/net/pnp")
	if err != nil || !bytes.Contains(known, []byte("nameserver ")) {
		return ""
	}
	return string(known)
}

func writeMissing(name, text string) {
	if info, err := os.Stat(name); err == nil && info.Size() > 0 {
		return
	}
	if readOnly() {
		return
	}
	attempt(os.MkdirAll("/etc", 0o755))
	attempt(os.WriteFile(name, []byte(text), 0o644))
}
