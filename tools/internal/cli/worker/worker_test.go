package worker

import (
	"context"
	"fmt"
	"io"
	"strings"
	"testing"
)

func echo(args []string, log io.Writer) int {
	fmt.Fprintf(log, "%q\n", args)
	return len(args)
}

func TestServe(t *testing.T) {
	for _, c := range []struct{ name, in, out, err string }{
		{"nothing", "", "", ""},
		{"two requests, one a line",
			`{"arguments":["a","@<b>"],"inputs":[{"path":"b","digest":"YQ=="}]}` + "\n" + `{"arguments":[]}` + "\n",
			`{"exitCode":2,"output":"[\"a\" \"@<b>\"]\n","requestId":0}` + "\n" +
				`{"exitCode":0,"output":"[]\n","requestId":0}` + "\n", ""},
		{"over several lines", "{\n\"arguments\":\n[\"a\"],\"requestId\":0}\n",
			`{"exitCode":1,"output":"[\"a\"]\n","requestId":0}` + "\n", ""},
		{"multiplex", `{"arguments":["a"],"requestId":7}`, "",
			"worker: request 7: several requests at a time are not supported"},
		{"cut off", `{"arguments":["a"]`, "", "worker: request: unexpected EOF"},
		{"no JSON", "hello", "", "worker: request: invalid character 'h' looking for beginning of value"},
	} {
		var out strings.Builder
		err := Serve(t.Context(), strings.NewReader(c.in), &out, echo)
		if out.String() != c.out || fmt.Sprint(err) != c.err && (err != nil || c.err != "") {
			t.Errorf("%s: got %s, %v; want %s, %s", c.name, out.String(), err, c.out, c.err)
		}
	}
}

// A worker that is told to end does not answer the request it was at.
func TestServeEnds(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	var out strings.Builder
	err := Serve(ctx, strings.NewReader(`{"arguments":[]}`), &out, func([]string, io.Writer) int {
		cancel()
		return 1
	})
	if err != context.Canceled || out.Len() > 0 {
		t.Errorf("got %q, %v", out.String(), err)
	}
}

func TestAsked(t *testing.T) {
	if !Asked([]string{"--other", "--persistent_worker"}) || Asked([]string{"--persistent_workers"}) || Asked(nil) {
		t.Error("the flag is not the one that Bazel gives")
	}
}
