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

// The failures of the other side, for SilenceError.
const (
	noConnection = "took no connection"
	tookNothing  = "took nothing"
	sentNoReply  = "sent no answer"
	sentNothing  = "sent nothing more"
	notAnswered  = "gave no answer"
	notComplete  = "has not sent the whole answer"
	sentLittle   = "sent hardly anything"
)

// roundTrip sends a request through next, but waits no longer than the limits allow. The answer's body is watched, too.
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
		if isTimeout(err) && what == noConnection { // The transport's own limits are shorter.
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

// send returns the body to send. The kernel sends a file if there is no TLS; the connection then reports the progress.
func (w *watch) send(body io.ReadCloser) io.ReadCloser {
	if _, isFile := body.(*os.File); body == nil || body == http.NoBody || isFile && !w.tls {
		return body
	}
	return &sent{body, w}
}

// Bound limits how long the rest of an answer's body may take, for documents, which are never long. It has no effect on a
// body that is not watched.
func Bound(body io.Reader) {
	if r, ok := body.(*received); ok {
		r.watch.bound()
	}
}

// watch watches one request. At any time it waits for at most one event.
type watch struct {
	limits Limits
	ctx    context.Context // of the original request
	host   string
	tls    bool
	cancel context.CancelFunc

	mu       sync.Mutex
	what     string // the event it waits for; empty: it waits no more
	paused   bool   // whether the request waits for our own source
	notified bool   // whether the user has been notified
	limit    time.Duration
	ends     time.Time // when the wait ends, unless something arrives
	silence  *time.Timer
	notice   *time.Timer
	whole    *time.Timer // nil: no bound
	conn     *counted    // nil: none, or not counted
	written  int64       // by conn, when the timers last looked
	failed   error
}

// begin starts a wait.
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

// next waits for another event if it still waits for what.
func (w *watch) next(what, then string, limit time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.what == what {
		w.start(then, limit)
	}
}

// end ends the wait, and returns the event it was for.
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
	if w.what != "" { // otherwise the answer has arrived already
		w.start(w.what, w.limit)
	}
}

func (w *watch) connected(conn any) {
	c, _ := conn.(*counted) // Nil with TLS: there the body reports the progress.
	w.next(noConnection, tookNothing, w.limits.Silence)
	w.mu.Lock()
	defer w.mu.Unlock()
	w.conn = c
	if c != nil {
		w.written = c.written.Load()
	}
}

// moved reports whether the connection has sent bytes since the last call. The caller holds the lock.
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
	again, needless := w.moved(), w.notified || w.paused || w.what == ""
	if again {
		w.notice.Reset(w.limits.Notice)
		w.ends = time.Now().Add(w.limit)
		w.silence.Reset(w.limit)
	}
	tell := !again && !needless
	w.notified = w.notified || tell
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

// cause returns the reason why the request failed with err.
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

// Read implements io.Reader: a request for more means that the bytes before were taken.
func (s *sent) Read(p []byte) (int, error) {
	s.watch.pause()
	defer s.watch.resume()
	return s.ReadCloser.Read(p)
}

// received is an answer's body.
type received struct {
	io.ReadCloser
	watch  *watch
	waited time.Duration // since the pace was last checked
	bytes  int64         // that arrived in this time
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

// pace ends the request, and so the next Read, if too little arrived for too long.
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
