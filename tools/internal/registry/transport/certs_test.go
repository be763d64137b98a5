package transport

import (
	"slices"
	"testing"
)

func TestDefaultCertDirs(t *testing.T) {
	got := defaultCertDirs("/home/u", "")
	want := []string{
		"/home/u/.config/containers/certs.d", "/etc/containers/certs.d", "/home/u/.config/docker/certs.d", "/etc/docker/certs.d",
	}
	if !slices.Equal(got, want) {
		t.Errorf("%q", got)
	}
	if got := defaultCertDirs("", ""); !slices.Equal(got, []string{"/etc/containers/certs.d", "/etc/docker/certs.d"}) {
		t.Errorf("without a home: %q", got)
	}
}
