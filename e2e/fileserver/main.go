// Fileserver serves the files of a directory on a free port of the loopback interface:
//
//	fileserver [--auth=USER:PASSWORD] DIR
//
// It prints "listening on ADDRESS", and then the path of each request: "GET PATH", or "401 PATH" for one without the user and
// the password, which --auth requires.
package main

import (
	"flag"
	"log"
	"net"
	"net/http"
)

func main() {
	log.SetFlags(0)
	auth := flag.String("auth", "", "`user:password` that requests must have")
	flag.Parse()
	if flag.NArg() != 1 {
		log.Fatal("usage: fileserver [--auth=USER:PASSWORD] DIR")
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		log.Fatal(err)
	}
	log.Printf("listening on %s", listener.Addr())
	log.Fatal(http.Serve(listener, logged(*auth, http.FileServer(http.Dir(flag.Arg(0))))))
}

func logged(auth string, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if user, password, _ := r.BasicAuth(); auth != "" && user+":"+password != auth {
			log.Printf("401 %s", r.URL.Path)
			w.Header().Set("WWW-Authenticate", `Basic realm="files"`)
			http.Error(w, "not authorized", http.StatusUnauthorized)
			return
		}
		log.Printf("GET %s", r.URL.Path)
		next.ServeHTTP(w, r)
	})
}
