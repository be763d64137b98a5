package guest

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

const defaultSignal = 15 // SIGTERM

// Real-time signals, as the C libraries of Linux number them.
const (
	sigRTMin = 34
	sigRTMax = maxSignal
)

// signals are the names of the signals 1 to 31, without "SIG". The architectures that Go supports on Linux, except mips,
// number them like this.
var signals = []string{
	"HUP", "INT", "QUIT", "ILL", "TRAP", "ABRT", "BUS", "FPE", "KILL", "USR1", "SEGV", "USR2", "PIPE", "ALRM", "TERM",
	"STKFLT", "CHLD", "CONT", "STOP", "TSTP", "TTIN", "TTOU", "URG", "XCPU", "XFSZ", "VTALRM", "PROF", "WINCH", "IO", "PWR",
	"SYS",
}

// parseSignal returns the number of a signal: "SIGTERM", "TERM", "15", "SIGRTMIN+3". Empty means SIGTERM.
func parseSignal(text string) (int, error) {
	if text == "" {
		return defaultSignal, nil
	}
	if isDigits(text) {
		n, err := strconv.Atoi(text)
		if err != nil || n < 1 || n > maxSignal {
			return 0, fmt.Errorf("%s is not between 1 and %d", text, maxSignal)
		}
		return n, nil
	}
	name := strings.TrimPrefix(strings.ToUpper(text), "SIG")
	if i := slices.Index(signals, name); i >= 0 {
		return i + 1, nil
	}
	n := 0
	if distance, ok := strings.CutPrefix(name, "RTMIN"); ok {
		n = sigRTMin + offset(distance, "+")
	} else if distance, ok := strings.CutPrefix(name, "RTMAX"); ok {
		n = sigRTMax - offset(distance, "-")
	}
	if n < sigRTMin || n > sigRTMax {
		return 0, fmt.Errorf("unknown signal %q; expected a number or a name like SIGTERM", text)
	}
	return n, nil
}

// offset parses the distance from the lowest or highest real-time signal. It returns a distance out of range for nonsense.
func offset(text, sign string) int {
	if text == "" {
		return 0
	}
	n, ok := strings.CutPrefix(text, sign)
	if value, err := strconv.Atoi(n); ok && isDigits(n) && err == nil {
		return value
	}
	return maxSignal
}

func isDigits(text string) bool { return text != "" && strings.Trim(text, "0123456789") == "" }
