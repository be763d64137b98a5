// Fileserver serves the files of a directory on a free port of the loopback interface:
//
//	fileserver DIR
//
// It prints "listening on ADDRESS", and then the path of each request.
package main

import (
	"log"
	"net"
	"net/http"
	"os"
)

func main() {
	log.SetFlags(0)
	if len(os.Args) != 2 {
		log.Fatal("usage: fileserver DIR")
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		log.Fatal(err)
	}
	log.Printf("listening on %s", listener.Addr())
	log.Fatal(http.Serve(listener, logged(http.FileServer(http.Dir(os.Args[1])))))
}

func logged(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		log.Printf("GET %s", r.URL.Path)
		next.ServeHTTP(w, r)
	})
}
