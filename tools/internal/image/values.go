package image

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// The keys of Docker's that image-spec reserves, deprecates or leaves out, and that settings reach.
const (
	argsEscapedKey = "ArgsEscaped" // says how the base's arguments are quoted, on Windows
	healthcheckKey = "Healthcheck"
	onBuildKey     = "OnBuild"
	shellKey       = "Shell"
)

// parsePort checks a port and returns it in the form that engines write, "80/tcp".
func parsePort(text string) (string, error) {
	number, protocol, stated := strings.Cut(text, "/")
	if !stated {
		protocol = "tcp"
	}
	protocol = strings.ToLower(protocol)
	n, err := strconv.ParseUint(number, 10, 16)
	if err != nil || n == 0 || !slices.Contains([]string{"tcp", "udp", "sctp"}, protocol) {
		return "", fmt.Errorf("%q is not a port from 1 to 65535, alone or followed by /tcp, /udp or /sctp", text)
	}
	return strconv.FormatUint(n, 10) + "/" + protocol, nil
}

// healthcheck is a healthcheck as Docker writes it; times are nanoseconds.
type healthcheck struct {
	Test          []string
	Interval      time.Duration `json:",omitempty"`
	Timeout       time.Duration `json:",omitempty"`
	StartPeriod   time.Duration `json:",omitempty"`
	StartInterval time.Duration `json:",omitempty"`
	Retries       int           `json:",omitempty"`
}

func (c *config) editHealthcheck(s Settings) error {
	if s.Healthcheck == nil {
		return nil
	}
	h := s.Healthcheck
	if err := checkTest(h.Test); err != nil {
		return err
	}
	if h.Retries < 0 {
		return fmt.Errorf("retries: %d is negative", h.Retries)
	}
	out := healthcheck{Test: h.Test, Retries: h.Retries}
	for _, t := range []struct {
		name, text string
		into       *time.Duration
	}{
		{"interval", h.Interval, &out.Interval},
		{"timeout", h.Timeout, &out.Timeout},
		{"start_period", h.StartPeriod, &out.StartPeriod},
		{"start_interval", h.StartInterval, &out.StartInterval},
	} {
		if t.text == "" {
			continue
		}
		d, err := time.ParseDuration(t.text)
		if err != nil || (d != 0 && d < time.Millisecond) {
			return fmt.Errorf("%s: %q is not a time of at least 1ms, such as 30s or 1m30s", t.name, t.text)
		}
		*t.into = d
	}
	return c.setExtra(healthcheckKey, out)
}

// checkTest refuses a command that Docker would not know how to run.
func checkTest(test []string) error {
	switch {
	case len(test) == 1 && test[0] == "NONE",
		len(test) == 2 && test[0] == "CMD-SHELL",
		len(test) >= 2 && test[0] == "CMD":
	default:
		return fmt.Errorf("test: got %q, wanted NONE, CMD with a program and arguments, or CMD-SHELL with a line", test)
	}
	if err := checkArgs(test); err != nil {
		return fmt.Errorf("test: %w", err)
	}
	return nil
}

// checkArgs refuses arguments that cannot be passed to a program.
func checkArgs(args []string) error {
	for _, arg := range args {
		if strings.ContainsRune(arg, 0) {
			return fmt.Errorf("%q: no program can be given a NUL byte", arg)
		}
	}
	return nil
}
