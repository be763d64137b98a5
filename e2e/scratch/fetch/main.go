// Fetch CERTIFICATE serves HTTPS on the loopback interface with a certificate and its key, in PEM, and requests a page from
// itself with the certificate authorities of the system. It prints the page, the user, and a file that it wrote to the home.
package main

import (
	"crypto/tls"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"os"
	"os/user"
	"path/filepath"
)

func main() {
	certificate, err := tls.LoadX509KeyPair(os.Args[1], os.Args[1])
	check(err)
	listener, err := tls.Listen("tcp", "127.0.0.1:0", &tls.Config{Certificates: []tls.Certificate{certificate}})
	check(err)
	go http.Serve(listener, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "trusted") }))
	_, port, err := net.SplitHostPort(listener.Addr().String())
	check(err)
	answer, err := http.Get("https://localhost:" + port)
	check(err)
	defer answer.Body.Close()
	page, err := io.ReadAll(answer.Body)
	check(err)
	current, err := user.Current()
	check(err)
	path := filepath.Join(current.HomeDir, "written")
	check(os.WriteFile(path, nil, 0o600))
	fmt.Println(string(page), current.Username, current.Uid, current.Gid, path)
}

func check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}
