package main

import (
	"bytes"
	"io"
	"regexp"
	"strconv"
	"sync"

	"github.com/rules-strata/rules_strata/tools/internal/rootfs/guest"
)

// exitLine matches the line of the init process. The program's last line may be on the same line.
var exitLine = regexp.MustCompile(regexp.QuoteMeta(guest.ExitLine) + `([0-9]{1,3})$`)

// maxLine is how much of a line is kept to recognize the line of the init process.
const maxLine = 100

// console passes the machine's output on, without the carriage returns of its terminal, and finds the exit code.
type console struct {
	out io.Writer

	mu    sync.Mutex
	line  []byte // the end of the current line
	code  int
	found bool
}

// Write implements io.Writer. An error of the output does not end the machine: a reader may have had enough of it.
func (c *console) Write(p []byte) (int, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	text := bytes.ReplaceAll(p, []byte("\r"), nil)
	for rest := text; len(rest) > 0; {
		line, after, isLine := bytes.Cut(rest, []byte("\n"))
		c.line = append(c.line, line...)
		c.line = c.line[max(0, len(c.line)-maxLine):]
		if isLine {
			c.end()
		}
		rest = after
	}
	_, _ = c.out.Write(text)
	return len(p), nil
}

// end ends a line. The last exit code wins, because the init process prints it after the program has ended.
func (c *console) end() {
	if match := exitLine.FindSubmatch(c.line); match != nil {
		if code, err := strconv.Atoi(string(match[1])); err == nil && code <= 255 {
			c.code, c.found = code, true
		}
	}
	c.line = c.line[:0]
}

// exitCode returns the exit code of the program, if the init process has printed it.
func (c *console) exitCode() (code int, ok bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.code, c.found
}
