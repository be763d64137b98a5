package junit

import (
	"encoding/xml"
	"strings"
	"testing"

	"github.com/rules-strata/rules_strata/tools/internal/expect"
)

func TestWrite(t *testing.T) {
	var b strings.Builder
	err := Write(&b, "//:test", []expect.Result{
		{File: "a.yaml", Line: 1, Name: "good"},
		{File: "a.yaml", Line: 2, Name: "bad <&> \x00", Problems: []string{"one \xff\x1b", "two"}},
	})
	const want = `<?xml version="1.0" encoding="UTF-8"?>
<testsuites>
  <testsuite name="//:test" tests="2" failures="1">
    <testcase name="good" classname="a.yaml:1"></testcase>
    <testcase name="bad &lt;&amp;&gt; �" classname="a.yaml:2">
      <failure message="one ��">one ��&#xA;two</failure>
    </testcase>
  </testsuite>
</testsuites>
`
	if err != nil || b.String() != want {
		t.Errorf("%v, got\n%s", err, &b)
	}
	var parsed suites
	if err := xml.Unmarshal([]byte(b.String()), &parsed); err != nil || parsed.Suites[0].Failures != 1 {
		t.Errorf("%+v, %v", parsed, err)
	}
}
