package transport

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/rules-strata/rules_strata/tools/internal/message"
)

func TestHelper(t *testing.T) {
	tests := []struct{ name, script, stdout, problem string }{
		{"answers", "cat; echo yes; echo no >&2", "who?yes\n", ""},
		{"fails", "echo yes; exit 3", "yes\n", "exit status 3"},
		{"hangs", "exec sleep 100", "", "asker gave no answer for 1s"},
		{"prints too much", "yes", strings.Repeat("y\n", maxOutput/2), "the answer is longer than 1048576 bytes"},
		{"complains too much", "yes >&2", "", "the answer is longer than 1048576 bytes"},
		{"leaves a child", "sleep 100 & echo yes", "yes\n", ""},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			var notices buffer
			ctx := message.WithNotices(t.Context(), notices.add)
			limits := Limits{Notice: 100 * time.Millisecond, Silence: time.Second}
			if test.name == "leaves a child" || test.problem != "" && test.name != "hangs" {
				limits.Silence = time.Minute
			}
			// "sh get" runs the file "get" in its directory.
			helper := Helper{Name: "asker", Path: "sh", Dir: t.TempDir(), Limits: limits}
			if err := os.WriteFile(filepath.Join(helper.Dir, "get"), []byte(test.script), 0o600); err != nil {
				t.Fatal(err)
			}
			stdout, _, err := helper.Get(ctx, "who?")
			if string(stdout) != test.stdout {
				t.Errorf("output of %d bytes: %.20q", len(stdout), stdout)
			}
			if test.problem == "" && err != nil || test.problem != "" && (err == nil || err.Error() != test.problem) {
				t.Errorf("error %v, want %q", err, test.problem)
			}
			var silence *SilenceError
			if test.name == "hangs" && (!errors.As(err, &silence) || notices.String() != "waiting for asker ...\n") {
				t.Errorf("%v, notices %q", err, notices.String())
			}
		})
	}
}

func TestComplaint(t *testing.T) {
	tests := []struct{ stdout, stderr, want string }{
		{"", "", ""},
		{" locked\x1b[1m\nmore", "no", ": locked [1m"},
		{`{"Secret":"s3cret"}`, "late failure\n", ": late failure"},
		{"{}", "{}", ""},
	}
	for _, test := range tests {
		if got := Complaint([]byte(test.stdout), []byte(test.stderr)); got != test.want {
			t.Errorf("%+v: %q", test, got)
		}
	}
}
