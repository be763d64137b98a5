package main

import (
	"errors"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"time"
)

// proxy forwards requests, or lets a fault do something else with them.
type proxy struct {
	forward http.Handler
	other   string // URL of the other host
	rate    int
	seed    uint64

	mu     sync.Mutex
	random *rand.Rand // nil before the first request
	counts map[string]int64
}

func newProxy() *proxy {
	return &proxy{counts: map[string]int64{"requests": 0, "bytes": 0, "secrets": 0}}
}

func (p *proxy) count(name string, n int64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.counts[name] += n
}

func (p *proxy) report() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	var b strings.Builder
	for _, name := range slices.Sorted(maps.Keys(p.counts)) {
		fmt.Fprintln(&b, name, p.counts[name])
	}
	return b.String()
}

// fault stands in the way of a request; n is a random number for its own use.
type fault struct {
	name string
	fits func(req *http.Request) bool // nil: any
	do   func(p *proxy, w http.ResponseWriter, req *http.Request, n int)
}

var faults = []fault{
	{"drop", nil, func(*proxy, http.ResponseWriter, *http.Request, int) { panic(http.ErrAbortHandler) }},
	{"lose", nil, func(p *proxy, _ http.ResponseWriter, req *http.Request, _ int) {
		p.forward.ServeHTTP(httptest.NewRecorder(), req)
		panic(http.ErrAbortHandler)
	}},
	{"busy", nil, func(_ *proxy, w http.ResponseWriter, _ *http.Request, n int) {
		w.Header().Set("Retry-After", "1")
		if n%2 == 0 {
			w.Header().Set("Retry-After", time.Now().Add(time.Second).UTC().Format(http.TimeFormat))
		}
		w.WriteHeader(http.StatusTooManyRequests)
	}},
	{"broken", nil, func(_ *proxy, w http.ResponseWriter, _ *http.Request, n int) {
		w.WriteHeader([]int{500, 502, 503, 504}[n%4])
	}},
	{"break", hasBody, func(p *proxy, w http.ResponseWriter, req *http.Request, n int) {
		broken := io.MultiReader(io.LimitReader(req.Body, int64(n)%req.ContentLength), failing{})
		req.Body = io.NopCloser(broken)
		p.forward.ServeHTTP(w, req)
	}},
	{"slow", hasBody, func(p *proxy, w http.ResponseWriter, req *http.Request, _ int) {
		req.Body = io.NopCloser(slow{req.Body})
		p.forward.ServeHTTP(w, req)
	}},
	{"redirect", isNoPost, func(p *proxy, w http.ResponseWriter, req *http.Request, _ int) {
		http.Redirect(w, req, p.other+req.URL.RequestURI(), http.StatusTemporaryRedirect)
	}},
	{"nomount", isMount, func(p *proxy, w http.ResponseWriter, req *http.Request, _ int) {
		req.URL.RawQuery = ""
		p.forward.ServeHTTP(w, req)
	}},
	{"range", hasRange, func(_ *proxy, w http.ResponseWriter, _ *http.Request, _ int) {
		w.WriteHeader(http.StatusRequestedRangeNotSatisfiable)
	}},
}

func hasBody(req *http.Request) bool  { return req.ContentLength > 0 }
func isNoPost(req *http.Request) bool { return req.Method != http.MethodPost }
func isMount(req *http.Request) bool  { return req.URL.Query().Has("mount") }
func hasRange(req *http.Request) bool { return req.Header.Get("Content-Range") != "" }

// choose returns the fault for a request, or nil.
func (p *proxy) choose(req *http.Request) (*fault, int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.random == nil {
		p.random = rand.New(rand.NewPCG(p.seed, 0))
	}
	n := p.random.IntN(1 << 30)
	if p.random.IntN(100) >= p.rate {
		return nil, 0
	}
	fitting := slices.DeleteFunc(slices.Clone(faults), func(f fault) bool { return f.fits != nil && !f.fits(req) })
	f := &fitting[p.random.IntN(len(fitting))]
	p.counts[f.name]++
	return f, n
}

// ServeHTTP implements http.Handler.
func (p *proxy) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	p.count("requests", 1)
	req.Body = counted{req.Body, p}
	if f, n := p.choose(req); f != nil {
		f.do(p, w, req, n)
		return
	}
	p.forward.ServeHTTP(w, req)
}

// counted counts the bytes of a body.
type counted struct {
	io.ReadCloser
	proxy *proxy
}

func (c counted) Read(b []byte) (int, error) {
	n, err := c.ReadCloser.Read(b)
	c.proxy.count("bytes", int64(n))
	return n, err
}

// failing is the end of a body that breaks off.
type failing struct{}

func (failing) Read([]byte) (int, error) { return 0, errors.New("broken on purpose") }

// slow reads little at a time.
type slow struct{ io.Reader }

func (s slow) Read(b []byte) (int, error) {
	time.Sleep(20 * time.Millisecond)
	return s.Reader.Read(b[:min(len(b), 64<<10)])
}
