package waiting

import (
	"context"
	"errors"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/rules-strata/rules_strata/tools/internal/cli"
)

func TestRun(t *testing.T) {
	tests := []struct{ name, script, stdout, problem string }{
		{"answers", "echo yes; echo no >&2", "yes\n", ""},
		{"fails", "echo yes; exit 3", "yes\n", "exit status 3"},
		{"hangs", "exec sleep 100", "", "helper gave no answer for 1s"},
		{"says too much", "yes", strings.Repeat("y\n", maxOutput/2), "the answer is longer than 1048576 bytes"},
		{"complains too much", "yes >&2", "", "the answer is longer than 1048576 bytes"},
		{"leaves a child", "sleep 100 & echo yes", "yes\n", ""},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			var notices buffer
			ctx := cli.WithNotices(t.Context(), &notices)
			limits := Limits{Notice: 100 * time.Millisecond, Silence: time.Second}
			if test.name == "leaves a child" || test.problem != "" && test.name != "hangs" {
				limits.Silence = time.Minute
			}
			stdout, _, err := limits.Run(ctx, "helper", func(ctx context.Context) *exec.Cmd {
				return exec.CommandContext(ctx, "sh", "-c", test.script)
			})
			if string(stdout) != test.stdout {
				t.Errorf("output of %d bytes: %.20q", len(stdout), stdout)
			}
			if test.problem == "" && err != nil || test.problem != "" && (err == nil || err.Error() != test.problem) {
				t.Errorf("error %v, want %q", err, test.problem)
			}
			var silence *SilenceError
			if test.name == "hangs" && (!errors.As(err, &silence) || notices.String() != "waiting for helper ...\n") {
				t.Errorf("%v, notices %q", err, notices.String())
			}
		})
	}
}
