package registrytest

import (
	"io"
	"net/http"
	"net/http/httptest"
	"regexp"
	"testing/iotest"
)

// Fault intercepts a request. It reports whether it has answered; if not, the registry answers.
type Fault func(w http.ResponseWriter, req *http.Request) bool

type fault struct {
	pattern *regexp.Regexp
	times   int
	do      Fault
}

// Inject applies a fault to the next times requests whose "METHOD /path?query" matches the pattern. Faults apply in the
// order in which they were injected.
func (r *Registry) Inject(pattern string, times int, do Fault) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.faults = append(r.faults, &fault{regexp.MustCompile(pattern), times, do})
}

func (r *Registry) findFault(req *http.Request) Fault {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, f := range r.faults {
		if f.times > 0 && f.pattern.MatchString(req.Method+" "+req.URL.RequestURI()) {
			f.times--
			return f.do
		}
	}
	return nil
}

// Refuse answers with a status, an error as the specification defines it, and headers given as name, value, name,
// value.
func Refuse(status int, code, message string, headers ...string) Fault {
	return func(w http.ResponseWriter, _ *http.Request) bool {
		for i := 0; i < len(headers); i += 2 {
			w.Header().Add(headers[i], headers[i+1])
		}
		refuse(w, status, code, message)
		return true
	}
}

// Drop reads at most n bytes of the request's body and breaks the connection.
func Drop(n int64) Fault {
	return func(_ http.ResponseWriter, req *http.Request) bool {
		io.CopyN(io.Discard, req.Body, n)
		panic(http.ErrAbortHandler)
	}
}

// Break gives the registry the first n bytes of the request's body, and breaks the connection.
func (r *Registry) Break(n int64) Fault {
	return func(_ http.ResponseWriter, req *http.Request) bool {
		req.Body = io.NopCloser(io.MultiReader(io.LimitReader(req.Body, n), iotest.ErrReader(io.ErrUnexpectedEOF)))
		r.Serve(httptest.NewRecorder(), req)
		panic(http.ErrAbortHandler)
	}
}

// Limit rejects bodies of more than n bytes, as proxies do.
func Limit(n int64) Fault {
	return func(w http.ResponseWriter, req *http.Request) bool {
		if req.ContentLength > n {
			w.WriteHeader(http.StatusRequestEntityTooLarge)
		}
		return req.ContentLength > n
	}
}

// Lose lets the registry process the request, and breaks the connection instead of sending the answer.
func (r *Registry) Lose() Fault {
	return func(_ http.ResponseWriter, req *http.Request) bool {
		r.Serve(httptest.NewRecorder(), req)
		panic(http.ErrAbortHandler)
	}
}

// Cut lets the registry answer, but breaks the connection after the first n bytes of the answer's body.
func (r *Registry) Cut(n int) Fault {
	return func(w http.ResponseWriter, req *http.Request) bool {
		r.Serve(&cutWriter{w, n}, req)
		return true
	}
}

type cutWriter struct {
	http.ResponseWriter
	left int
}

func (w *cutWriter) Write(p []byte) (int, error) {
	if w.left < len(p) {
		w.ResponseWriter.Write(p[:w.left])
		http.NewResponseController(w.ResponseWriter).Flush()
		panic(http.ErrAbortHandler)
	}
	w.left -= len(p)
	return w.ResponseWriter.Write(p)
}

// Redirect sends the client to the same path on another server.
func Redirect(status int, server string) Fault {
	return func(w http.ResponseWriter, req *http.Request) bool {
		http.Redirect(w, req, server+req.URL.RequestURI(), status)
		return true
	}
}

// Lie lets the registry answer, but replaces one header of the answer.
func (r *Registry) Lie(header, value string) Fault {
	return func(w http.ResponseWriter, req *http.Request) bool {
		r.Serve(&lyingWriter{w, header, value}, req)
		return true
	}
}

type lyingWriter struct {
	http.ResponseWriter
	header, value string
}

func (w *lyingWriter) WriteHeader(status int) {
	w.Header().Set(w.header, w.value)
	w.ResponseWriter.WriteHeader(status)
}
