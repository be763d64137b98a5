package main

import (
	"fmt"
	"regexp"
	"strings"
)

// snippet is a block of Starlark in a page.
type snippet struct {
	page string
	line int
	text string
	// skipped is the reason that the page gives for not trying it.
	skipped string
}

func (s snippet) place() string { return fmt.Sprintf("%s:%d", s.page, s.line) }

// name returns the name of the snippet's directory.
func (s snippet) name() string {
	return fmt.Sprintf("%s_%d", strings.TrimSuffix(strings.ReplaceAll(s.page, "/", "_"), ".md"), s.line)
}

var (
	// Starlark begins a line with a call, or with an assignment of one. Messages, commands and JSON do not.
	looksLikeStarlark = regexp.MustCompile(`(?m)^[a-z_]+( = [a-z_]+|\.[a-z_]+)?\(`)
	starlarkFence     = regexp.MustCompile("^(```+|~~~+) *(starlark|bzl|bazel|python)$")
	anyFence          = regexp.MustCompile("^(```+|~~~+)")
	notBuilt          = regexp.MustCompile(`^<!-- not built: (.+) -->$`)
)

// snippets returns the Starlark of a page: fenced blocks that are declared to be Starlark, and blocks without a language,
// fenced or indented, that look like it.
func snippets(page, text string) []snippet {
	var found []snippet
	reason := ""
	lines := strings.Split(text, "\n")
	for i := 0; i < len(lines); {
		b := blockAt(lines, i)
		if b.isStarlark() {
			found = append(found, snippet{page: page, line: b.start + 1, text: b.text, skipped: reason})
		}
		if match := notBuilt.FindStringSubmatch(strings.TrimSpace(lines[i])); match != nil {
			reason = match[1]
		} else if strings.TrimSpace(lines[i]) != "" {
			reason = ""
		}
		i = b.end
	}
	return found
}

// block is a code block, or one line of something else, which has no text.
type block struct {
	start, end int // lines
	fence      string
	text       string
}

func (b block) isStarlark() bool {
	if starlarkFence.MatchString(b.fence) {
		return true
	}
	return anyFence.FindString(b.fence) == b.fence && looksLikeStarlark.MatchString(b.text)
}

// blockAt returns what begins at the line i.
func blockAt(lines []string, i int) block {
	line := strings.TrimLeft(lines[i], " ")
	if mark := anyFence.FindString(line); mark != "" {
		end := i + 1
		for end < len(lines) && !strings.HasPrefix(strings.TrimLeft(lines[end], " "), mark) {
			end++
		}
		return block{start: i + 1, end: end + 1, fence: strings.TrimRight(line, " "), text: dedent(lines[i+1 : end])}
	}
	end := i
	for end < len(lines) && (strings.HasPrefix(lines[end], "    ") || end > i && lines[end] == "") {
		end++
	}
	if end == i {
		return block{start: i, end: i + 1}
	}
	return block{start: i, end: end, text: dedent(lines[i:end])}
}

// dedent joins lines without the indentation that they have in common.
func dedent(lines []string) string {
	common := -1
	for _, line := range lines {
		if indent := len(line) - len(strings.TrimLeft(line, " ")); line != "" && (common < 0 || indent < common) {
			common = indent
		}
	}
	var b strings.Builder
	for _, line := range lines {
		b.WriteString(strings.TrimRight(line[min(max(common, 0), len(line)):], " ") + "\n")
	}
	return strings.TrimRight(b.String(), "\n") + "\n"
}
