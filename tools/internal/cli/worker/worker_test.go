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
		{"two requests, one per line",
			`{"arguments":["a","@<b>"],"inputs":[{"path":"b","digest":"YQ=="}]}` + "\n" + `{"arguments":[]}` + "\n",
			`{"exitCode":2,"output":"[\"a\" \"@<b>\"]\n","requestId":0}` + "\n" +
				`{"exitCode":0,"output":"[]\n","requestId":0}` + "\n", ""},
		{"on several lines", "{\n\"arguments\":\n[\"a\"],\"requestId\":0}\n",
			`{"exitCode":1,"output":"[\"a\"]\n","requestId":0}` + "\n", ""},
		{"multiplex", `{"arguments":["a"],"requestId":7}`, "",
			"worker: request 7: several requests at a time are not supported"},
		{"cut off", `{"arguments":["a"]`, "", "worker: request: unexpected EOF"},
		{"not JSON", "hello", "", "worker: request: invalid character 'h' looking for beginning of value"},
	} {
		var out strings.Builder
		err := Serve(t.Context(), strings.NewReader(c.in), &out, echo)
		if out.String() != c.out || fmt.Sprint(err) != c.err && (err != nil || c.err != "") {
			t.Errorf("%s: got %s, %v; want %s, %s", c.name, out.String(), err, c.out, c.err)
		}
	}
}

// A worker whose context ends does not answer its current request.
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

func TestRequested(t *testing.T) {
	if !Requested([]string{"--other", "--persistent_worker"}) || Requested([]string{"--persistent_workers"}) || Requested(nil) {
		t.Error("the flag is not the one that Bazel passes")
	}
}
