package image

import (
	"maps"
	"reflect"
	"slices"
	"testing"
)

// TestSettingsAgree compares the names that Clear takes with the keys that JSON takes.
func TestSettingsAgree(t *testing.T) {
	names := []string{"healthcheck"} // parsed apart, because its keys are checked too
	for _, field := range reflect.VisibleFields(reflect.TypeFor[Settings]()) {
		switch name := field.Tag.Get("json"); name {
		case "-", "allow_any_architecture", "clear": // not in a config
		default:
			names = append(names, name)
		}
	}
	slices.Sort(names)
	if known := slices.Sorted(maps.Keys(drop)); !slices.Equal(names, known) {
		t.Errorf("keys  %q\nknown %q", names, known)
	}
}

func TestHealthcheckNamesAgree(t *testing.T) {
	var names []string
	for _, field := range reflect.VisibleFields(reflect.TypeFor[Healthcheck]()) {
		names = append(names, field.Tag.Get("json"))
	}
	if !slices.Equal(names, healthcheckNames) {
		t.Errorf("keys  %q\nknown %q", names, healthcheckNames)
	}
}

func TestParseSettings(t *testing.T) {
	got, err := ParseSettings([]byte(` {"os":"","cmd":[],"env":{"A":""},"clear":["env","env"],` +
		`"healthcheck":{"test":["NONE"]}} `))
	if err != nil {
		t.Fatal(err)
	}
	empty := ""
	want := Settings{
		OS: &empty, Cmd: []string{}, Env: map[string]string{"A": ""}, Clear: []string{"env", "env"},
		Healthcheck: &Healthcheck{Test: []string{"NONE"}},
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got  %#v\nwant %#v", got, want)
	}
}
