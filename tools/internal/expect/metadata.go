package expect

import (
	"cmp"
	"slices"
	"strings"

	"github.com/rules-strata/rules_strata/tools/internal/expect/structure"
)

// metadata runs the tests of the config.
func (r *run) metadata() {
	want, have := r.file.Metadata, r.image.Config
	env := environment(have.Env)
	r.patterns("env", want.Env, env)
	for _, item := range want.Unbound {
		if value, ok := env[item.Value]; ok {
			r.start(item.Line, "metadata", "unboundEnvVars "+item.Value).add("the variable is set to %q", value)
			continue
		}
		r.start(item.Line, "metadata", "unboundEnvVars "+item.Value)
	}
	r.patterns("label", want.Labels, have.Labels)
	r.list("entrypoint", want.Entrypoint, have.Entrypoint)
	r.list("cmd", want.Cmd, have.Cmd)
	r.value("workdir", want.Workdir, have.WorkingDir)
	r.value("user", want.User, have.User)
	ports := keys(have.ExposedPorts)
	r.members("exposedPorts", want.Ports, ports, true)
	r.members("unexposedPorts", want.UnexposedPorts, ports, false)
	volumes := keys(have.Volumes)
	r.members("volumes", want.Volumes, volumes, true)
	r.members("unmountedVolumes", want.UnmountedVolumes, volumes, false)
}

// patterns compares variables or labels.
func (r *run) patterns(kind string, want []structure.Pattern, have map[string]string) {
	for _, p := range want {
		result := r.start(p.Line, "metadata", kind+" "+p.Key)
		value, ok := have[p.Key]
		switch {
		case !ok:
			result.add("it is not set")
		case p.Regexp != nil && !p.Regexp.MatchString(value):
			result.add("the value is %q, which %q does not match", value, p.Regexp)
		case p.Regexp == nil && p.Value != value:
			result.add("the value is %q, expected %q", value, p.Value)
		}
	}
}

func (r *run) list(kind string, want *structure.List, have []string) {
	if want == nil {
		return
	}
	result := r.start(want.Line, "metadata", kind)
	if !slices.Equal(want.Values, have) {
		result.add("it is %q, expected %q", have, want.Values)
	}
}

func (r *run) value(kind string, want structure.Item, have string) {
	if want.Value == "" {
		return
	}
	result := r.start(want.Line, "metadata", kind)
	if want.Value != have {
		result.add("it is %q, expected %q", have, want.Value)
	}
}

// members compares a set. A port may be stated without its protocol.
func (r *run) members(kind string, want []structure.Item, have []string, expected bool) {
	for _, item := range want {
		result := r.start(item.Line, "metadata", kind+" "+item.Value)
		found := slices.ContainsFunc(have, func(key string) bool {
			port, _, _ := strings.Cut(key, "/")
			return key == item.Value || port != "" && port == item.Value
		})
		if found != expected {
			result.add("the config has %s", cmp.Or(strings.Join(have, ", "), "none"))
		}
	}
}

// keys returns the keys of a set, sorted.
func keys(set map[string]struct{}) []string {
	list := make([]string, 0, len(set))
	for key := range set {
		list = append(list, key)
	}
	slices.Sort(list)
	return list
}
