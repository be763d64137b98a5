package license

import (
	"errors"
	"strings"

	"github.com/rules-strata/rules_strata/tools/internal/pattern"
)

// The operators.
const (
	and = " AND "
	or  = " OR "
)

// A node is a license, or several that are joined by an operator.
type node struct {
	op    string
	nodes []*node
	// id is an identifier or a LicenseRef, exception that of an exception to it.
	id, exception string
	// name is what a LicenseRef stands for.
	name string
}

func (n *node) add(more *node) {
	if more.op == n.op {
		n.nodes = append(n.nodes, more.nodes...)
		return
	}
	n.nodes = append(n.nodes, more)
}

// simple returns the node without an operator that joins nothing, or nil.
func (n *node) simple() *node {
	switch len(n.nodes) {
	case 0:
		return nil
	case 1:
		return n.nodes[0]
	}
	return n
}

func (n *node) walk(visit func(*node)) {
	if n == nil {
		return
	}
	visit(n)
	for _, each := range n.nodes {
		each.walk(visit)
	}
}

// String returns the expression of the node. AND binds more strongly than OR.
func (n *node) String() string {
	if n.op == "" {
		if n.exception != "" {
			return n.id + " WITH " + n.exception
		}
		return n.id
	}
	var parts []string
	for _, each := range n.nodes {
		text := each.String()
		if n.op == and && each.op == or {
			text = "(" + text + ")"
		}
		parts = append(parts, text)
	}
	return strings.Join(parts, n.op)
}

func (n *node) allowed(set map[string]bool) bool {
	switch n.op {
	case "":
		return set[strings.ToLower(n.String())] || set[strings.ToLower(n.id)]
	case or:
		for _, each := range n.nodes {
			if each.allowed(set) {
				return true
			}
		}
		return false
	}
	for _, each := range n.nodes {
		if !each.allowed(set) {
			return false
		}
	}
	return true
}

// maxTokens bounds an expression. It also bounds how deep parentheses nest.
const maxTokens = 500

var errSyntax = errors.New("not a license expression")

// tokenForm matches a parenthesis or a word.
var tokenForm = pattern.New(`[()]|[^\s(),]+|,`)

// parseName returns the node for a name without white space at its ends.
func parseName(name string) *node {
	if id := alias(name); id != "" {
		return &node{id: id}
	}
	p := parser{tokens: tokenForm().FindAllString(name, maxTokens+1)}
	if len(p.tokens) <= maxTokens {
		if n, err := p.or(); err == nil && len(p.tokens) == 0 {
			return n
		}
	}
	return reference(name)
}

// A parser reads an expression. Operators may be in lower case, as in Debian.
type parser struct{ tokens []string }

func (p *parser) accept(word string) bool {
	if len(p.tokens) > 0 && strings.EqualFold(p.tokens[0], word) {
		p.tokens = p.tokens[1:]
		return true
	}
	return false
}

func (p *parser) or() (*node, error) { return p.join(or, "or", p.and) }

func (p *parser) and() (*node, error) { return p.join(and, "and", p.license) }

func (p *parser) join(op, word string, operand func() (*node, error)) (*node, error) {
	joined := &node{op: op}
	for {
		n, err := operand()
		if err != nil {
			return nil, err
		}
		joined.add(n)
		if !p.accept(word) {
			return joined.simple(), nil
		}
	}
}

func (p *parser) license() (*node, error) {
	if p.accept("(") {
		n, err := p.or()
		if err == nil && !p.accept(")") {
			err = errSyntax
		}
		return n, err
	}
	if len(p.tokens) == 0 {
		return nil, errSyntax
	}
	word := p.tokens[0]
	switch strings.ToLower(word) {
	case ")", ",", "and", "or", "with":
		return nil, errSyntax
	}
	p.tokens = p.tokens[1:]
	id := alias(word)
	if id == "" {
		return reference(word), nil
	}
	n := &node{id: id}
	if p.accept("with") {
		if len(p.tokens) == 0 || exceptions()[strings.ToLower(p.tokens[0])] == "" {
			return nil, errSyntax
		}
		n.exception = exceptions()[strings.ToLower(p.tokens[0])]
		p.tokens = p.tokens[1:]
	}
	return n, nil
}

// notInReference matches what a LicenseRef cannot contain.
var notInReference = pattern.New(`[^A-Za-z0-9.-]+`)

const referencePrefix = "LicenseRef-"

// maxReference bounds a LicenseRef, in bytes.
const maxReference = 100

// reference returns the LicenseRef for a name that SPDX does not know.
func reference(name string) *node {
	id := strings.Trim(notInReference().ReplaceAllString(strings.TrimPrefix(name, referencePrefix), "-"), "-")
	if len(id) > maxReference {
		id = strings.TrimRight(id[:maxReference], "-")
	}
	if id == "" {
		id = "unknown"
	}
	return &node{id: referencePrefix + id, name: name}
}
