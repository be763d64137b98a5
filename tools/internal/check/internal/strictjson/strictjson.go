// Package strictjson parses JSON strictly: into plain values, reporting everything that two parsers could interpret
// differently.
//
// The standard is I-JSON (RFC 7493): UTF-8 throughout, no unpaired surrogates, no duplicate keys in an object; and, because
// a document's bytes are its identity, nothing but white space after the value. All problems are reported, not only the
// first.
//
// Non-goals: speed, and the meaning of keys.
package strictjson

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strconv"
	"unicode/utf16"
	"unicode/utf8"
)

// Rule IDs of the problems that Parse reports.
const (
	RuleSyntax       = "json-syntax"
	RuleTrailing     = "json-trailing"
	RuleUTF8         = "json-utf8"
	RuleDuplicateKey = "json-duplicate-key"
)

// Parse reads the first JSON value of data and calls report for each problem. Objects are map[string]any, arrays []any,
// numbers json.Number, and the last value of a duplicate key wins. It returns false if data has no value.
func Parse(data []byte, report func(rule, text string)) (any, bool) {
	dec := json.NewDecoder(bytes.NewReader(data))
	var first json.RawMessage
	if err := dec.Decode(&first); err != nil {
		report(RuleSyntax, fmt.Sprintf("not JSON: %v", err))
		return nil, false
	}
	if rest := bytes.TrimLeft(data[dec.InputOffset():], " \t\r\n"); len(rest) > 0 {
		report(RuleTrailing, fmt.Sprintf("%d bytes follow the JSON value", len(rest)))
	}
	checkText(first, report)
	p := parser{dec: json.NewDecoder(bytes.NewReader(first)), report: report}
	p.dec.UseNumber()
	return p.value(""), true
}

// checkText reports the first byte that is not UTF-8 and the first unpaired surrogate escape. The value is otherwise
// known to be well-formed, so a backslash is inside a string, and \u has four digits.
func checkText(value []byte, report func(rule, text string)) {
	for i := 0; i < len(value); {
		r, n := utf8.DecodeRune(value[i:])
		if r == utf8.RuneError && n == 1 {
			report(RuleUTF8, fmt.Sprintf("byte %d is not UTF-8", i))
			break
		}
		i += n
	}
	for i := 0; i < len(value); i++ {
		if value[i] != '\\' {
			continue
		}
		i++
		high, ok := surrogate(value[i:])
		if !ok {
			continue
		}
		if len(value) > i+5 && value[i+5] == '\\' {
			if low, ok := surrogate(value[i+6:]); ok && utf16.DecodeRune(high, low) != utf8.RuneError {
				i += 10
				continue
			}
		}
		report(RuleUTF8, fmt.Sprintf("the escape at byte %d is half of a surrogate pair", i-1))
		return
	}
}

// surrogate reads "uXXXX" at the start of text, if it is half of a surrogate pair.
func surrogate(text []byte) (rune, bool) {
	if len(text) < 5 || text[0] != 'u' {
		return 0, false
	}
	n, err := strconv.ParseUint(string(text[1:5]), 16, 16)
	return rune(n), err == nil && utf16.IsSurrogate(rune(n))
}

// parser turns the tokens of a well-formed value into plain values. Its depth is bounded, because encoding/json rejects a
// value that nests more than 10,000 deep.
type parser struct {
	dec    *json.Decoder
	report func(rule, text string)
}

func (p *parser) value(path string) any {
	token, err := p.dec.Token()
	if err != nil {
		return nil
	}
	switch token {
	case json.Delim('{'):
		return p.object(path)
	case json.Delim('['):
		array := []any{}
		for p.dec.More() {
			array = append(array, p.value(path+"[]"))
		}
		p.dec.Token()
		return array
	}
	return token
}

func (p *parser) object(path string) map[string]any {
	object := make(map[string]any)
	for p.dec.More() {
		token, err := p.dec.Token()
		key, ok := token.(string)
		if err != nil || !ok {
			break
		}
		where := key
		if path != "" {
			where = path + "." + key
		}
		if _, twice := object[key]; twice {
			p.report(RuleDuplicateKey, fmt.Sprintf("the key %q occurs twice", where))
		}
		object[key] = p.value(where)
	}
	p.dec.Token()
	return object
}
