package transport

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptrace"
	"os"
	"sync"
	"time"
)

// What the other side did not do, in a SilenceError.
const (
	noConnection = "took no connection"
	tookNothing  = "took nothing"
	sentNoReply  = "sent no answer"
	sentNothing  = "sent nothing more"
	notAnswered  = "gave no answer"
	notComplete  = "has not sent the whole answer"
	sentLittle   = "sent hardly anything"
)

// roundTrip sends a request as next does, but waits no longer than the limits say. The answer's body is watched, too.
func (l Limits) roundTrip(next http.RoundTripper, req *http.Request) (*http.Response, error) {
	ctx, cancel := context.WithCancel(req.Context())
	w := &watch{limits: l.orDefault(), ctx: req.Context(), host: req.URL.Host, tls: req.URL.Scheme == "https", cancel: cancel}
	start := time.Now()
	w.begin(noConnection, w.limits.Silence)
	watched := req.WithContext(httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{
		GotConn: func(info httptrace.GotConnInfo) { w.connected(info.Conn) },
		WroteRequest: func(httptrace.WroteRequestInfo) {
			w.next(tookNothing, sentNoReply, w.limits.answer(req.Context()))
		},
	}))
	watched.Body = w.send(req.Body)
	if req.GetBody != nil {
		watched.GetBody = func() (io.ReadCloser, error) {
			body, err := req.GetBody()
			return w.send(body), err
		}
	}
	resp, err := next.RoundTrip(watched)
	if what := w.end(); err != nil {
		cancel()
		if isTimeout(err) && what == noConnection { // The transport's own limits for this are shorter.
			err = &SilenceError{Who: w.host, What: what, After: time.Since(start).Round(time.Millisecond), err: err}
		}
		return nil, w.cause(err)
	}
	if resp.Body == http.NoBody {
		cancel()
		return resp, nil
	}
	resp.Body = &received{ReadCloser: resp.Body, watch: w}
	return resp, nil
}

func isTimeout(err error) bool {
	var failure net.Error
	return errors.As(err, &failure) && failure.Timeout()
}

// send returns the body to send. A file that goes out without TLS is left to the kernel; the connection tells how it gets
// on.
func (w *watch) send(body io.ReadCloser) io.ReadCloser {
	if _, isFile := body.(*os.File); body == nil || body == http.NoBody || isFile && !w.tls {
		return body
	}
	return &sent{body, w}
}

// Bound limits how long the rest of an answer's body may take: it is a document, which is never long. A body that is not
// watched is left alone.
func Bound(body io.Reader) {
	if r, ok := body.(*received); ok {
		r.watch.bound()
	}
}

// watch watches one request. At any time it waits for one thing, or for nothing.
type watch struct {
	limits Limits
	ctx    context.Context // of the request as it came
	host   string
	tls    bool
	cancel context.CancelFunc

	mu      sync.Mutex
	what    string // is waited for; empty: nothing any more
	paused  bool   // whether it is our own source that is waited for
	told    bool   // whether the user knows
	limit   time.Duration
	ends    time.Time // when the wait does, unless something comes
	silence *time.Timer
	notice  *time.Timer
	whole   *time.Timer // nil: no bound
	conn    *counted    // nil: none, or not one of ours
	written int64       // by conn, when the timers last looked
	failed  error
}

// begin begins to wait.
func (w *watch) begin(what string, limit time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.start(what, limit)
}

// start is begin for a caller that holds the lock.
func (w *watch) start(what string, limit time.Duration) {
	w.what, w.limit, w.ends = what, limit, time.Now().Add(limit)
	if w.silence == nil {
		w.silence = time.AfterFunc(limit, w.expire)
		w.notice = time.AfterFunc(w.limits.Notice, w.tell)
		return
	}
	w.silence.Reset(limit)
	w.notice.Reset(w.limits.Notice)
}

// next waits for something else, if it still waits for what.
func (w *watch) next(what, then string, limit time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.what == what {
		w.start(then, limit)
	}
}

// end ends the wait, and returns what for.
func (w *watch) end() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	what := w.what
	w.what = ""
	w.silence.Stop()
	w.notice.Stop()
	return what
}

// pause stops the clock while the other side waits for us.
func (w *watch) pause() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.paused = true
	w.silence.Stop()
	w.notice.Stop()
}

// resume ends a pause.
func (w *watch) resume() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.paused = false
	if w.what != "" { // else the answer is there already
		w.start(w.what, w.limit)
	}
}

func (w *watch) connected(conn any) {
	c, _ := conn.(*counted) // With TLS it is none: there the body tells how it gets on.
	w.next(noConnection, tookNothing, w.limits.Silence)
	w.mu.Lock()
	defer w.mu.Unlock()
	w.conn = c
	if c != nil {
		w.written = c.written.Load()
	}
}

// moved reports whether the connection has taken something since it was last asked. The caller holds the lock.
func (w *watch) moved() bool {
	if w.conn == nil || w.what != tookNothing {
		return false
	}
	before := w.written
	w.written = w.conn.written.Load()
	return w.written != before
}

func (w *watch) expire() {
	w.mu.Lock()
	defer w.mu.Unlock()
	switch {
	case w.what == "" || w.paused || time.Now().Before(w.ends): // That wait ended just now.
	case w.moved():
		w.silence.Reset(w.limit)
	default:
		w.fail(&SilenceError{Who: w.host, What: w.what, After: w.limit})
	}
}

func (w *watch) tell() {
	w.mu.Lock()
	again, needless := w.moved(), w.told || w.paused || w.what == ""
	if again {
		w.notice.Reset(w.limits.Notice)
		w.ends = time.Now().Add(w.limit)
		w.silence.Reset(w.limit)
	}
	tell := !again && !needless
	w.told = w.told || tell
	w.mu.Unlock()
	if tell {
		announce(w.ctx, w.host)
	}
}

func (w *watch) bound() {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.whole == nil {
		w.whole = time.AfterFunc(w.limits.Whole, func() {
			w.mu.Lock()
			defer w.mu.Unlock()
			w.fail(&SilenceError{Who: w.host, What: notComplete, After: w.limits.Whole})
		})
	}
}

// fail ends the request. The caller holds the lock.
func (w *watch) fail(err error) {
	if w.failed == nil {
		w.failed = err
		w.cancel()
	}
}

// cause returns why the request failed with err.
func (w *watch) cause(err error) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.failed != nil {
		return w.failed
	}
	return err
}

// sent is a request's body on its way.
type sent struct {
	io.ReadCloser
	watch *watch
}

// Read implements io.Reader: who asks for more has taken what came before.
func (s *sent) Read(p []byte) (int, error) {
	s.watch.pause()
	defer s.watch.resume()
	return s.ReadCloser.Read(p)
}

// received is an answer's body.
type received struct {
	io.ReadCloser
	watch  *watch
	waited time.Duration // since the pace was last looked at
	bytes  int64         // that came in this time
}

// Read implements io.Reader.
func (r *received) Read(p []byte) (int, error) {
	start := time.Now()
	r.watch.begin(sentNothing, r.watch.limits.Silence)
	n, err := r.ReadCloser.Read(p)
	r.watch.end()
	r.waited, r.bytes = r.waited+time.Since(start), r.bytes+int64(n)
	if err == nil {
		r.pace()
	}
	if err == io.EOF {
		r.release()
	} else if err != nil {
		err = r.watch.cause(err)
	}
	return n, err
}

// pace ends the request, and so the next Read, if too little came for too long.
func (r *received) pace() {
	limits := r.watch.limits
	if r.waited < limits.Silence {
		return
	}
	if r.bytes < int64(limits.Silence.Seconds()*float64(limits.Pace)) {
		r.watch.mu.Lock()
		defer r.watch.mu.Unlock()
		r.watch.fail(&SilenceError{Who: r.watch.host, What: sentLittle, After: limits.Silence})
	}
	r.waited, r.bytes = 0, 0
}

// Close implements io.Closer.
func (r *received) Close() error {
	err := r.ReadCloser.Close()
	r.release()
	return err
}

func (r *received) release() {
	r.watch.mu.Lock()
	defer r.watch.mu.Unlock()
	if r.watch.whole != nil {
		r.watch.whole.Stop()
	}
	r.watch.cancel()
}
