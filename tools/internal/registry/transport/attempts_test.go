package transport

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"testing"
	"time"
)

func TestParseRetryAfter(t *testing.T) {
	date := time.Now().Add(time.Minute).UTC().Format(http.TimeFormat)
	if got := ParseRetryAfter(date); got < 50*time.Second || got > time.Minute {
		t.Errorf("in a minute: %v", got)
	}
	for header, want := range map[string]time.Duration{
		"": 0, "0": 0, "5": 5 * time.Second, "-5": 0, "1.5": 0, "99999999999999999999": 0, "soon": 0,
		"Thu, 01 Jan 1970 00:00:00 GMT": 0,
	} {
		if got := ParseRetryAfter(header); got != want {
			t.Errorf("ParseRetryAfter(%q) = %v, want %v", header, got, want)
		}
	}
}

// passing is a temporary error.
type passing struct{ after time.Duration }

func (passing) Error() string                  { return "busy" }
func (p passing) Retry() (time.Duration, bool) { return p.after, true }

func TestRetry(t *testing.T) {
	silence := Failure(&SilenceError{Who: "host", What: sentNothing, After: time.Minute}, false)
	final := errors.New("no")
	tests := []struct {
		name  string
		errs  []error // of the attempts; after the last one they succeed
		moves bool
		calls int
		want  string
	}{
		{"at once", nil, false, 1, ""},
		{"later", []error{passing{}, passing{}}, false, 3, ""},
		{"final", []error{passing{}, final}, false, 2, "no"},
		{"final, wrapped", []error{fmt.Errorf("x: %w", &redirectError{"y"})}, false, 1, "x: redirect refused: y"},
		{"never", []error{passing{}, passing{}, passing{}, passing{}, passing{}}, false, 5, "busy (5 attempts)"},
		{"moving", []error{passing{}, passing{}, passing{}, passing{}, passing{}}, true, 6, ""},
		{"silent", []error{silence, passing{}, silence}, false, 3, "host sent nothing more for 1m0s (3 attempts)"},
		{"silent, but moving", []error{silence, silence}, true, 3, ""},
		{"asked to wait too long", []error{passing{time.Hour}}, false, 1, "busy"},
	}
	for _, test := range tests {
		calls, waits := 0, 0
		wait := Wait(func(context.Context, time.Duration) error { waits++; return nil })
		err := wait.RetryMoving(t.Context(), func() bool { return test.moves }, func() error {
			if calls++; calls <= len(test.errs) {
				return test.errs[calls-1]
			}
			return nil
		})
		text := ""
		if err != nil {
			text = err.Error()
		}
		if text != test.want || calls != test.calls || waits != calls-1 {
			t.Errorf("%s: %v after %d calls, %d waits; want %q, %d", test.name, err, calls, waits, test.want, test.calls)
		}
	}
}

// A nil Wait sleeps, but no longer than its context lasts.
func TestSleep(t *testing.T) {
	if err := Wait(nil).Pause(t.Context(), time.Nanosecond); err != nil {
		t.Error(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := Wait(nil).Pause(ctx, time.Hour); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}

// Bytes that arrive make up for broken connections, but not for silence.
func TestMoved(t *testing.T) {
	a := Attempts{Wait: func(context.Context, time.Duration) error { return nil }}
	for range 3 * MaxAttempts {
		if err := a.Failed(t.Context(), passing{}); err != nil {
			t.Fatal(err)
		}
		a.Moved()
	}
	silence := Failure(&SilenceError{}, false)
	if err := a.Failed(t.Context(), silence); err != nil {
		t.Fatal(err)
	}
	a.Moved()
	if a.Failed(t.Context(), silence) == nil {
		t.Error("a second silence is not final")
	}
}
