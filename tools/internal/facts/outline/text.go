package outline

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"github.com/rules-strata/rules_strata/tools/internal/message"
	"github.com/rules-strata/rules_strata/tools/internal/oci"
)

// Text writes an outline for people, as an indented list. Text from the image cannot control a terminal.
func Text(w io.Writer, n *Node) error {
	p := printer{w: w}
	p.node(n, 0)
	return p.err
}

type printer struct {
	w   io.Writer
	err error
}

// line writes one indented line.
func (p *printer) line(depth int, format string, args ...any) {
	if p.err != nil {
		return
	}
	text := strings.ReplaceAll(fmt.Sprintf(format, args...), "\n", `\n`)
	_, p.err = fmt.Fprintf(p.w, "%s%s\n", strings.Repeat("  ", depth), message.Lines(text))
}

func (p *printer) node(n *Node, depth int) {
	head := fmt.Sprintf("%s %s", n.Kind, n.Digest)
	if n.Platform != "" {
		head += " " + n.Platform
	}
	if n.Missing {
		head += ", not here"
	}
	p.line(depth, "%s", head)
	depth++
	for _, name := range n.Names {
		p.line(depth, "name: %s", name)
	}
	p.line(depth, "type: %s, %d bytes", n.MediaType, n.Size)
	p.annotations(n.Annotations, depth)
	if n.Config != nil {
		p.config(n.Config, depth)
	}
	for i, l := range n.Layers {
		p.layer(i, l, depth)
	}
	for _, child := range n.Children {
		p.node(child, depth)
	}
}

func (p *printer) annotations(annotations map[string]string, depth int) {
	for _, key := range slices.Sorted(maps.Keys(annotations)) {
		p.line(depth, "annotation: %s=%s", key, annotations[key])
	}
}

func (p *printer) config(c *Config, depth int) {
	missing := ""
	if c.Missing {
		missing = ", not here"
	}
	p.line(depth, "config %s%s", c.Digest, missing)
	p.line(depth+1, "type: %s, %d bytes", c.MediaType, c.Size)
	var document map[string]json.RawMessage
	if err := oci.Unmarshal(c.Document, &document); err != nil {
		return // there is none
	}
	for _, key := range slices.Sorted(maps.Keys(document)) {
		switch key {
		case "config":
			p.run(document[key], depth+1)
		case "history", "rootfs": // part of the layers
		default:
			p.line(depth+1, "%s: %s", key, plain(document[key]))
		}
	}
}

// run writes how the image is run, without settings that are empty.
func (p *printer) run(text json.RawMessage, depth int) {
	var run map[string]json.RawMessage
	if err := json.Unmarshal(text, &run); err != nil {
		p.line(depth, "config: %s", plain(text))
		return
	}
	for _, key := range slices.Sorted(maps.Keys(run)) {
		value := plain(run[key])
		if slices.Contains([]string{"", "null", "false", "[]", "{}"}, value) {
			continue
		}
		var list []string
		if key == "Env" && json.Unmarshal(run[key], &list) == nil {
			for _, pair := range list {
				p.line(depth, "Env: %s", pair)
			}
			continue
		}
		p.line(depth, "%s: %s", key, value)
	}
}

// plain returns a JSON value on one line, and a string without quotes.
func plain(value json.RawMessage) string {
	var text string
	if json.Unmarshal(value, &text) == nil {
		return text
	}
	var compact bytes.Buffer
	if json.Compact(&compact, value) != nil {
		return string(value)
	}
	return compact.String()
}

func (p *printer) layer(number int, l Layer, depth int) {
	p.line(depth, "layer %d %s", number+1, l.Digest)
	depth++
	p.line(depth, "type: %s, %d bytes", l.MediaType, l.Size)
	if l.DiffID != "" && l.DiffID != l.Digest {
		p.line(depth, "diff_id: %s", l.DiffID)
	}
	if l.CreatedBy != "" {
		p.line(depth, "created by: %s", l.CreatedBy)
	}
	if l.Comment != "" {
		p.line(depth, "comment: %s", l.Comment)
	}
	p.annotations(l.Annotations, depth)
}
