package packages

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"strings"
)

// maxLine bounds a line of a database, in bytes.
const maxLine = 1 << 20

// paragraphs calls yield for each paragraph of lines "Key: value", separated by empty lines (Debian Policy, section 5.1; the
// headers of e-mails have the same form). It passes the fields that are in wanted, by their names in lower case; a
// continuation line belongs to its field, after a line feed.
func paragraphs(r io.Reader, wanted map[string]bool, yield func(fields map[string]string) error) error {
	lines := bufio.NewScanner(r)
	lines.Buffer(nil, maxLine)
	fields := make(map[string]string)
	key := ""
	flush := func() error {
		key = ""
		if len(fields) == 0 {
			return nil
		}
		defer clear(fields)
		return yield(fields)
	}
	for lines.Scan() {
		line := strings.TrimRight(strings.ToValidUTF8(lines.Text(), "\uFFFD"), " \t\r")
		name, value, ok := strings.Cut(line, ":")
		switch {
		case line == "":
			if err := flush(); err != nil {
				return err
			}
		case line[0] == ' ' || line[0] == '\t':
			if key != "" && len(fields[key]) <= maxField {
				fields[key] += "\n" + strings.TrimSpace(line)
			}
		case ok:
			key = strings.ToLower(name)
			if !wanted[key] {
				key = ""
			} else if _, seen := fields[key]; !seen {
				fields[key] = strings.TrimSpace(value)
			}
		default:
			return fmt.Errorf("the line %.40q is not a field", line)
		}
	}
	if errors.Is(lines.Err(), bufio.ErrTooLong) {
		return fmt.Errorf("a line of more than %d bytes", maxLine)
	} else if lines.Err() != nil {
		return lines.Err()
	}
	return flush()
}

func set(names ...string) map[string]bool {
	s := make(map[string]bool)
	for _, name := range names {
		s[name] = true
	}
	return s
}
