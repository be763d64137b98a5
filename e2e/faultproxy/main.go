// Faultproxy stands in front of a registry, and in the way of some of the requests to it.
//
// Usage: faultproxy --backend=HOST:PORT --addresses=FILE [--rate=PERCENT] [--seed=N] [--user=USER:PASSWORD] [--report=FILE]
//
// It listens on two free ports of the loopback interface, speaks HTTP without TLS on both, and writes both addresses to a
// file, one a line. The first is for clients. The second is the other host that some requests are redirected to, which
// has the backend's password itself, like a storage service with signed addresses: the report counts clients that send it
// an Authorization header. Which requests meet which fault follows from the seed and their order.
//
// The report is written at the end (SIGTERM): a line "NAME number" for the requests, for the bytes of their bodies, for
// each fault, and for the headers that should not have come. A rate of 0 makes it a meter.
package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"os"
	"os/signal"
	"strings"
	"syscall"
)

func main() {
	log.SetFlags(0)
	log.SetPrefix("faultproxy: ")
	backend := flag.String("backend", "", "address of the registry")
	addresses := flag.String("addresses", "", "file to write the addresses to")
	report := flag.String("report", "", "file to write the report to")
	user := flag.String("user", "", "the backend's user:password, for redirected requests")
	p := newProxy()
	flag.IntVar(&p.rate, "rate", 0, "how many of 100 requests meet a fault")
	flag.Uint64Var(&p.seed, "seed", 1, "which")
	flag.Parse()
	if *backend == "" || *addresses == "" {
		log.Fatal("--backend and --addresses are needed")
	}
	p.forward = reverse(*backend)
	if err := serve(p, *addresses, *user); err != nil {
		log.Fatal(err)
	}
	if *report != "" {
		if err := os.WriteFile(*report, []byte(p.report()), 0o644); err != nil {
			log.Fatal(err)
		}
	}
}

// reverse returns a proxy to the backend that leaves the Host header alone: a registry makes its addresses from that.
func reverse(backend string) *httputil.ReverseProxy {
	return &httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) {
			r.SetURL(&url.URL{Scheme: "http", Host: backend})
			r.Out.Host = r.In.Host
		},
		ErrorLog: log.New(os.Stderr, "faultproxy: ", 0),
		// A request that broke has no answer.
		ErrorHandler: func(http.ResponseWriter, *http.Request, error) { panic(http.ErrAbortHandler) },
	}
}

// serve runs both servers until the process is asked to end.
func serve(p *proxy, addresses, user string) error {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, os.Interrupt)
	defer stop()
	name, password, _ := strings.Cut(user, ":")
	other := http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		if req.Header.Get("Authorization") != "" {
			p.count("secrets", 1)
		}
		if user != "" {
			req.SetBasicAuth(name, password)
		}
		p.forward.ServeHTTP(w, req)
	})
	var text strings.Builder
	for _, handler := range []http.Handler{p, other} {
		listener, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			return err
		}
		if handler != p {
			p.other = "http://" + listener.Addr().String()
		}
		fmt.Fprintln(&text, listener.Addr())
		// A closed connection is not worth a message.
		server := &http.Server{Handler: handler, ErrorLog: log.New(io.Discard, "", 0)}
		go server.Serve(listener)
	}
	if err := os.WriteFile(addresses, []byte(text.String()), 0o644); err != nil {
		return err
	}
	<-ctx.Done()
	return nil
}
