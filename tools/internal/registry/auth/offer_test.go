package auth

import "testing"

func TestParseChallenge(t *testing.T) {
	const bearer = `Bearer realm="https://auth.example.com/token",service="registry, one",scope="repository:a:pull"`
	token := Challenge{"bearer", "https://auth.example.com/token", "registry, one"}
	for _, test := range []struct {
		values []string
		want   Challenge
		ok     bool
	}{
		{[]string{bearer}, token, true},
		{[]string{`Basic realm="x"`, bearer}, token, true},
		{[]string{`Basic realm="x"`}, Challenge{Scheme: "basic"}, true},
		{[]string{`Negotiate, BASIC`}, Challenge{Scheme: "basic"}, true},
		{[]string{"Negotiate"}, Challenge{}, false},
		{nil, Challenge{}, false},
	} {
		if got, ok := ParseChallenge(test.values); got != test.want || ok != test.ok {
			t.Errorf("%q: %+v, %t, want %+v, %t", test.values, got, ok, test.want, test.ok)
		}
	}
}
