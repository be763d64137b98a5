package image

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Docker's keys that image-spec reserves, deprecates or omits, and that settings affect.
const (
	argsEscapedKey = "ArgsEscaped" // whether the base's arguments are already quoted, on Windows
	healthcheckKey = "Healthcheck"
	onBuildKey     = "OnBuild"
	shellKey       = "Shell"
)

// ParseTime reads a time in the format of RFC 3339, or in seconds since 1970. JSON can express the years 0 to 9999.
func ParseTime(text string) (time.Time, error) {
	var t time.Time
	err := t.UnmarshalText([]byte(text))
	if seconds, errNumber := strconv.ParseInt(text, 10, 64); errNumber == nil {
		t, err = time.Unix(seconds, 0), nil
	}
	t = t.UTC()
	if year := t.Year(); err != nil || year < 0 || year > 9999 {
		return t, fmt.Errorf("%q is not an RFC 3339 time, such as 2006-01-02T15:04:05Z, or a number of seconds since 1970", text)
	}
	return t, nil
}

// parsePort checks a port and returns it as engines write it, "80/tcp".
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

// healthcheck is a health check as Docker writes it.
type healthcheck struct {
	Test []string
	limits
}

// limits state when a health check runs and when it has failed. Times are nanoseconds; zero means the engine's default.
type limits struct {
	Interval      time.Duration `json:",omitempty"`
	Timeout       time.Duration `json:",omitempty"`
	StartPeriod   time.Duration `json:",omitempty"`
	StartInterval time.Duration `json:",omitempty"`
	Retries       int           `json:",omitempty"`
}

// editHealthcheck names the setting in its errors itself, because several settings form one value of the config.
func (c *config) editHealthcheck(s Settings) error {
	l, err := s.healthcheckLimits()
	switch {
	case err != nil:
		return err
	case s.Healthcheck == nil && l == limits{}:
		return nil
	case s.Healthcheck == nil:
		return errors.New("healthcheck: not set, but its interval, timeout, start period or retries are")
	}
	if err := checkTest(s.Healthcheck); err != nil {
		return fmt.Errorf("healthcheck: %w", err)
	}
	return c.setExtra(healthcheckKey, healthcheck{s.Healthcheck, l})
}

func (s Settings) healthcheckLimits() (limits, error) {
	if s.HealthcheckRetries < 0 {
		return limits{}, fmt.Errorf("healthcheck_retries: %d is negative", s.HealthcheckRetries)
	}
	l := limits{Retries: s.HealthcheckRetries}
	for _, t := range []struct {
		name, text string
		into       *time.Duration
	}{
		{"interval", s.HealthcheckInterval, &l.Interval},
		{"timeout", s.HealthcheckTimeout, &l.Timeout},
		{"start_period", s.HealthcheckStartPeriod, &l.StartPeriod},
		{"start_interval", s.HealthcheckStartInterval, &l.StartInterval},
	} {
		if t.text == "" {
			continue
		}
		d, err := time.ParseDuration(t.text)
		if err != nil || (d != 0 && d < time.Millisecond) {
			return limits{}, fmt.Errorf("healthcheck_%s: %q is not a time of at least 1ms, such as 30s or 1m30s", t.name, t.text)
		}
		*t.into = d
	}
	return l, nil
}

// checkTest rejects a command that Docker could not run.
func checkTest(test []string) error {
	switch {
	case len(test) == 1 && test[0] == "NONE",
		len(test) == 2 && test[0] == "CMD-SHELL",
		len(test) >= 2 && test[0] == "CMD":
	default:
		return fmt.Errorf("got %q, expected NONE, CMD with a program and arguments, or CMD-SHELL with a line", test)
	}
	return checkArgs(test)
}

// checkArgs rejects arguments that cannot be passed to a program.
func checkArgs(args []string) error {
	for _, arg := range args {
		if strings.ContainsRune(arg, 0) {
			return fmt.Errorf("%q contains a NUL byte", arg)
		}
	}
	return nil
}
