package fit

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/rules-strata/rules_strata/tools/internal/layer/accounts"
	"github.com/rules-strata/rules_strata/tools/internal/layer/shape"
)

func TestCheckUser(t *testing.T) {
	path := filepath.Join(t.TempDir(), "shape.json")
	layer := shape.Shape{
		Dirs:   map[string]shape.Dir{"/app": {Mode: 0o700, UID: 7, GID: 7}},
		Users:  accounts.Names{"app": 7, "other": 8},
		Groups: accounts.Names{"app": 7},
	}
	if err := layer.Write(path); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct{ user, want string }{
		"no user":            {"", ""},
		"a name":             {"app", ""},
		"a name and a group": {"app:app", ""},
		"an ID":              {"7:9", ""},
		"an unknown name":    {"nobody", "user nobody is not in /etc/passwd of the image, which has app, other"},
		"an unknown group":   {"app:staff", "group staff is not in /etc/group of the image, which has app"},
		"a closed directory": {"other", "user other cannot enter the directory /app, which has 0700 7:7"},
	} {
		t.Run(name, func(t *testing.T) {
			layers, err := Stack(Base{}, []Layer{{Name: "layer.json", Shape: path}})
			if err != nil {
				t.Fatal(err)
			}
			err = Process{User: c.user, Entrypoint: []string{"/app/server"}}.CheckUser(layers)
			if c.want == "" && err != nil || c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)) {
				t.Errorf("got %v, want %q", err, c.want)
			}
		})
	}
}

// An image with a layer of unknown shape may have any user and program.
func TestStackUnknown(t *testing.T) {
	layers, err := Stack(Base{}, []Layer{{Name: "other.json"}})
	if err != nil {
		t.Fatal(err)
	}
	p := Process{User: "app", Entrypoint: []string{"/app/server"}}
	if err := p.CheckUser(layers); err != nil {
		t.Error(err)
	}
	if err := p.CheckProgram(layers); err != nil {
		t.Error(err)
	}
}
