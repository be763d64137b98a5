package image

import (
	"maps"
	"reflect"
	"slices"
	"testing"
)

// TestSettingsAgree compares the names of settings with the keys that JSON accepts.
func TestSettingsAgree(t *testing.T) {
	var keys []string
	for _, field := range reflect.VisibleFields(reflect.TypeFor[Settings]()) {
		if key := field.Tag.Get("json"); key != "-" {
			keys = append(keys, key)
		}
	}
	slices.Sort(keys)
	known := slices.AppendSeq(slices.Clone(notCleared), maps.Keys(drop))
	slices.Sort(known)
	if !slices.Equal(keys, known) {
		t.Errorf("keys  %q\nknown %q", keys, known)
	}
}

func TestParseSettings(t *testing.T) {
	got, err := ParseSettings([]byte(` {"os":"","cmd":[],"env":{"A":""},"clear":["env","env"],` +
		`"healthcheck":["NONE"]} `))
	if err != nil {
		t.Fatal(err)
	}
	empty := ""
	want := Settings{
		OS: &empty, Cmd: []string{}, Env: map[string]string{"A": ""}, Clear: []string{"env", "env"},
		Healthcheck: []string{"NONE"},
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got  %#v\nwant %#v", got, want)
	}
}
