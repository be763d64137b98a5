package accounts

import (
	"bytes"
	"cmp"
	"errors"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"
)

// Names maps the names in a passwd or a group file to their IDs. A file without names gives an empty map, not nil.
type Names map[string]uint32

// maxNames bounds the names of one file that are kept.
const maxNames = 10_000

var errLong = errors.New("the file is too long to be a file of accounts")

// ReadNames reads a passwd or a group file. As the C library does, it skips lines that it does not understand, and the first
// line of a name wins.
func ReadNames(r io.Reader) (Names, error) {
	data, err := ReadAll(r)
	if err != nil {
		return nil, err
	}
	names := make(Names)
	for line := range strings.Lines(string(data)) {
		name, id, ok := nameOf(line)
		if _, twice := names[name]; !ok || twice {
			continue
		}
		if len(names) == maxNames {
			return nil, errLong
		}
		names[name] = id
	}
	return names, nil
}

// ReadAll reads a file of accounts, of at most MaxSize bytes.
func ReadAll(r io.Reader) ([]byte, error) {
	var b bytes.Buffer
	n, err := io.Copy(&b, io.LimitReader(r, MaxSize+1))
	if err == nil && n > MaxSize {
		err = errLong
	}
	return b.Bytes(), err
}

// nameOf returns the name and the ID in a line of passwd or group, of which both files have the first three fields.
func nameOf(line string) (name string, id uint32, ok bool) {
	fields := strings.SplitN(strings.TrimRight(line, "\n"), ":", 4)
	if len(fields) < 3 || fields[0] == "" || strings.ContainsAny(fields[0][:1], "#+- \t") {
		return "", 0, false
	}
	number, err := strconv.ParseUint(fields[2], 10, 32)
	return fields[0], uint32(number), err == nil
}

// maxListed is the maximum number of names in a message.
const maxListed = 30

// String lists the names in the order of their IDs.
func (n Names) String() string {
	all := slices.SortedFunc(maps.Keys(n), func(a, b string) int {
		return cmp.Or(cmp.Compare(n[a], n[b]), strings.Compare(a, b))
	})
	if len(all) > maxListed {
		all = append(all[:maxListed], "...")
	}
	return strings.Join(all, ", ")
}
