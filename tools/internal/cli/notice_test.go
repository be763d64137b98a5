package cli

import (
	"bytes"
	"context"
	"flag"
	"log"
	"testing"

	"github.com/rules-strata/rules_strata/tools/internal/message"
)

// TestNotify checks where notices go, and that logs of Go's own packages are discarded.
func TestNotify(t *testing.T) {
	var logged, stderr, own bytes.Buffer
	log.SetOutput(&logged)
	command := Command{Name: "tool", New: func(*flag.FlagSet) Work {
		return func(ctx context.Context, _ Streams) error {
			log.Print("Unsolicited response received on idle HTTP channel")
			message.Notify(ctx, "waiting for %s ...", "host\x1b")
			message.Notify(WithNotices(ctx, &own), "waiting for %s ...", "another")
			message.Notify(context.Background(), "heard by nobody")
			return nil
		}
	}}
	command.Run(t.Context(), nil, Streams{Err: &stderr})
	if logged.Len() > 0 || stderr.String() != "waiting for host\\x1b ...\n" || own.String() != "waiting for another ...\n" {
		t.Errorf("log %q, standard error %q, own writer %q", logged.String(), stderr.String(), own.String())
	}
}
