package strictjson

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"
)

func TestParse(t *testing.T) {
	type problem struct{ rule, text string }
	for _, test := range []struct {
		name, data string
		value      any
		problems   []problem
	}{
		{"object", `{"a":[1,"x",null,true,{}]}` + "\n",
			map[string]any{"a": []any{json.Number("1"), "x", nil, true, map[string]any{}}}, nil},
		{"empty", "", nil, []problem{{RuleSyntax, "not JSON: EOF"}}},
		{"cut", `{"a":`, nil, []problem{{RuleSyntax, "not JSON: unexpected EOF"}}},
		{"byte order mark", "\ufeff{}", nil,
			[]problem{{RuleSyntax, "not JSON: invalid character 'ï' looking for beginning of value"}}},
		{"trailing comma", `[1,]`, nil,
			[]problem{{RuleSyntax, "not JSON: invalid character ']' looking for beginning of value"}}},
		{"second value", `{} {}`, map[string]any{}, []problem{{RuleTrailing, "2 bytes follow the JSON value"}}},
		{"zero byte", "{}\x00", map[string]any{}, []problem{{RuleTrailing, "1 bytes follow the JSON value"}}},
		{"key twice", `{"a":{"b":1,"b":2},"c":[{"d":1,"\u0064":3}]}`,
			map[string]any{
				"a": map[string]any{"b": json.Number("2")},
				"c": []any{map[string]any{"d": json.Number("3")}},
			},
			[]problem{{RuleDuplicateKey, `the key "a.b" occurs twice`}, {RuleDuplicateKey, `the key "c[].d" occurs twice`}}},
		{"bad UTF-8", "[\"\xff\"]", []any{"\ufffd"}, []problem{{RuleUTF8, "byte 2 is not UTF-8"}}},
		{"surrogate pair", `"\ud83d\ude00"`, "\U0001f600", nil},
		{"half a pair", `"\ud83dx"`, "\ufffdx", []problem{{RuleUTF8, "the escape at byte 1 is half of a surrogate pair"}}},
		{"wrong second half", `"\ud83d\u0041"`, "\ufffdA",
			[]problem{{RuleUTF8, "the escape at byte 1 is half of a surrogate pair"}}},
		{"escaped backslash before u", `"\\ud83d"`, `\ud83d`, nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			var problems []problem
			value, ok := Parse([]byte(test.data), func(rule, text string) {
				problems = append(problems, problem{rule, text})
			})
			if ok != (test.value != nil) || !reflect.DeepEqual(value, test.value) {
				t.Errorf("Parse = %#v, %v; want %#v", value, ok, test.value)
			}
			if !reflect.DeepEqual(problems, test.problems) {
				t.Errorf("problems:\n%q\nwant:\n%q", problems, test.problems)
			}
		})
	}
}

func TestParseDeepNesting(t *testing.T) {
	rules := make(map[string]int)
	if _, ok := Parse([]byte(strings.Repeat("[", 1<<20)), func(rule, _ string) { rules[rule]++ }); ok {
		t.Error("Parse accepts a million open brackets")
	}
	if want := map[string]int{RuleSyntax: 1}; !reflect.DeepEqual(rules, want) {
		t.Errorf("rules = %v, want %v", rules, want)
	}
}

func FuzzParse(f *testing.F) {
	for _, seed := range []string{`{"a":[1,{"a":null}]}`, `{"a":1,"a":2} x`, "\"\\ud800\\u\xff\"", `[1e400,-0]`} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		problems := 0
		value, ok := Parse(data, func(_, _ string) { problems++ })
		// Parse must report a problem if encoding/json rejects the value. If Parse reports none, its result must equal that of
		// encoding/json.
		if !json.Valid(data) && problems == 0 {
			t.Fatal("invalid JSON passed")
		}
		if !ok || problems > 0 {
			return
		}
		var want any
		dec := json.NewDecoder(strings.NewReader(string(data)))
		dec.UseNumber()
		if err := dec.Decode(&want); err != nil || !reflect.DeepEqual(value, want) {
			t.Fatalf("Parse = %#v, encoding/json reads %#v, %v", value, want, err)
		}
	})
}
