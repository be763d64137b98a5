// Hello serves a directory of static files and says that it is well.
//
// It is the example of rules_strata: small enough to read, real enough to run.
package main

import (
	"flag"
	"fmt"
	"log"
	"net/http"
	"os"
	"time"
)

func main() {
	log.SetFlags(0)
	listen := flag.String("listen", ":8080", "address to listen on")
	dir := flag.String("dir", "/srv/www", "directory to serve")
	check := flag.Bool("check", false, "ask the server that listens on this machine whether it is well, and exit")
	flag.Parse()
	if *check {
		if err := ask("http://localhost:8080/healthz"); err != nil {
			log.Fatal(err)
		}
		return
	}
	log.Printf("serving %s on %s", *dir, *listen)
	server := http.Server{Addr: *listen, Handler: handler(*dir), ReadHeaderTimeout: 5 * time.Second}
	log.Fatal(server.ListenAndServe())
}

func handler(dir string) http.Handler {
	mux := http.NewServeMux()
	mux.Handle("GET /", http.FileServer(http.Dir(dir)))
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprintln(w, os.Getenv("GREETING"))
	})
	return mux
}

func ask(url string) error {
	client := http.Client{Timeout: 3 * time.Second}
	response, err := client.Get(url)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("%s: %s", url, response.Status)
	}
	return nil
}
