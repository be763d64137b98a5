// Package junit writes the results of tests in the form that Bazel and other systems read: JUnit's XML.
package junit

import (
	"encoding/xml"
	"io"
	"strings"
	"unicode/utf8"

	"github.com/rules-strata/rules_strata/tools/internal/expect"
)

type suites struct {
	XMLName xml.Name `xml:"testsuites"`
	Suites  []suite  `xml:"testsuite"`
}

type suite struct {
	Name     string `xml:"name,attr"`
	Tests    int    `xml:"tests,attr"`
	Failures int    `xml:"failures,attr"`
	Cases    []test `xml:"testcase"`
}

type test struct {
	Name    string   `xml:"name,attr"`
	Class   string   `xml:"classname,attr"`
	Failure *failure `xml:"failure"`
}

type failure struct {
	Message string `xml:"message,attr"`
	Text    string `xml:",chardata"`
}

// Write writes the results as one suite. The class of a test is its place.
func Write(w io.Writer, name string, results []expect.Result) error {
	s := suite{Name: clean(name), Tests: len(results)}
	for _, r := range results {
		t := test{Name: clean(r.Name), Class: clean(r.Where())}
		if len(r.Problems) > 0 {
			s.Failures++
			t.Failure = &failure{clean(r.Problems[0]), clean(strings.Join(r.Problems, "\n"))}
		}
		s.Cases = append(s.Cases, t)
	}
	if _, err := io.WriteString(w, xml.Header); err != nil {
		return err
	}
	e := xml.NewEncoder(w)
	e.Indent("", "  ")
	if err := e.Encode(suites{Suites: []suite{s}}); err != nil {
		return err
	}
	_, err := io.WriteString(w, "\n")
	return err
}

// clean replaces characters that XML cannot represent.
func clean(text string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' && r != '\n' && r != '\t' || r == 0x7f || r == 0xfffe || r == 0xffff {
			return utf8.RuneError
		}
		return r
	}, strings.ToValidUTF8(text, string(utf8.RuneError)))
}
