package image

import (
	"fmt"
	"maps"
	"slices"

	"github.com/rules-strata/rules_strata/tools/internal/oci"
)

// Settings are the values that a user sets in an image's config. A setting treats the base's value in one of three ways:
// nil (an absent key, or null) inherits it, a name in Clear drops it, any other value replaces it. One call can drop a
// value and set a new one.
//
// Env, Labels, ExposedPorts and Volumes are sets: stated values are added to the base's, and replace those of the same
// name. All other settings replace the base's value as a whole.
type Settings struct {
	// OS and Architecture are values of GOOS and GOARCH. They fill a gap in the base; contradicting it is an error
	// unless the base's value is cleared. Variant is the architecture's variant, such as "v7".
	OS           *string `json:"os"`
	Architecture *string `json:"architecture"`
	Variant      *string `json:"variant"`
	// LeastVariant is "ARCHITECTURE/VARIANT". An image for that architecture whose base has a lower variant, such as v1
	// where this is "amd64/v3", gets this one, because its layers need it. Variant takes precedence.
	LeastVariant *string `json:"least_variant"`
	// OSVersion and OSFeatures state what Windows images require of their host.
	OSVersion  *string  `json:"os_version"`
	OSFeatures []string `json:"os_features"`
	// Created is a time in the format of RFC 3339, or in seconds since 1970. It is not inherited: the base was created before the image. The default
	// is 1970-01-01T00:00:00Z.
	Created *string `json:"created"`
	Author  *string `json:"author"`
	// User is a name or number, optionally followed by ":" and a group.
	User *string `json:"user"`
	// Workdir is an absolute path.
	Workdir *string `json:"workdir"`
	// StopSignal is a signal's name or number.
	StopSignal *string `json:"stop_signal"`
	// Entrypoint without Cmd drops the base's Cmd, which was meant for the base's entrypoint.
	Entrypoint []string `json:"entrypoint"`
	Cmd        []string `json:"cmd"`
	// AppendEntrypoint and AppendCmd are added to the base's values, which must exist: otherwise, the first of them would
	// be the program. A Cmd may be missing if there is an entrypoint.
	AppendEntrypoint []string `json:"append_entrypoint"`
	AppendCmd        []string `json:"append_cmd"`
	// Shell is used by the shell form in Dockerfiles that build on the image.
	Shell []string `json:"shell"`
	// ExposedPorts are "PORT", "PORT/tcp", "PORT/udp" or "PORT/sctp", PORT from 1 to 65535.
	ExposedPorts []string `json:"exposed_ports"`
	// Volumes are absolute paths.
	Volumes []string `json:"volumes"`
	// Env are variables. The base's order is kept, new variables follow sorted by name. In a value, "${NAME}" is the value
	// of NAME in the base and the environments of the layers, and "$$" is a dollar; see [Literal].
	Env    map[string]string `json:"env"`
	Labels map[string]string `json:"labels"`
	// Healthcheck is {"NONE"}, {"CMD", program, argument...} or {"CMD-SHELL", command line}. It replaces the base's health
	// check together with the settings below, which require it. A zero value means the engine's default.
	Healthcheck []string `json:"healthcheck"`
	// The times are Go durations such as "1m30s", at least 1ms. Failures during the start period are not counted; the
	// start interval is the interval during it.
	HealthcheckInterval      string `json:"healthcheck_interval"`
	HealthcheckTimeout       string `json:"healthcheck_timeout"`
	HealthcheckStartPeriod   string `json:"healthcheck_start_period"`
	HealthcheckStartInterval string `json:"healthcheck_start_interval"`
	// HealthcheckRetries is how many failures in a row make a container unhealthy.
	HealthcheckRetries int `json:"healthcheck_retries"`
	// Program is the program that the image runs, or nil.
	Program *Program `json:"program"`
	// BasePlatform is the platform in the base's descriptor, or nil. It fills gaps in the base's config:
	// some facts, such as the variant, are often only in the index that the base comes from.
	BasePlatform *oci.Platform `json:"-"`
	// AllowAnyArchitecture allows layers whose programs are all for other architectures than the image's.
	AllowAnyArchitecture bool `json:"allow_any_architecture"`
	// AllowMissingInterpreter allows a program whose interpreter is in none of the layers. Config does not use it.
	AllowMissingInterpreter bool `json:"allow_missing_interpreter"`
	// UnsetEnv and UnsetLabels name single variables and labels of the base to drop, which must exist.
	UnsetEnv    []string `json:"unset_env"`
	UnsetLabels []string `json:"unset_labels"`
	// Clear lists settings by their JSON names.
	Clear []string `json:"clear"`
}

// drop has a function for each setting that drops the base's value. Dropping the name of a system or an architecture also
// drops its qualifiers.
var drop = map[string]func(*config){
	"os":            func(c *config) { c.platform.OS, c.platform.OSVersion, c.platform.OSFeatures = "", "", nil },
	"architecture":  func(c *config) { c.platform.Architecture, c.platform.Variant, c.platform.Features = "", "", nil },
	"variant":       func(c *config) { c.platform.Variant = "" },
	"os_version":    func(c *config) { c.platform.OSVersion = "" },
	"os_features":   func(c *config) { c.platform.OSFeatures = nil },
	"created":       func(*config) {}, // never inherited
	"author":        func(c *config) { c.author = "" },
	"user":          func(c *config) { c.run.User = "" },
	"workdir":       func(c *config) { c.run.WorkingDir = "" },
	"stop_signal":   func(c *config) { c.run.StopSignal = "" },
	"entrypoint":    func(c *config) { c.run.Entrypoint = nil },
	"cmd":           func(c *config) { c.run.Cmd = nil },
	"shell":         func(c *config) { delete(c.runExtra, shellKey) },
	"exposed_ports": func(c *config) { c.run.ExposedPorts = nil },
	"volumes":       func(c *config) { c.run.Volumes = nil },
	"env":           func(c *config) { c.run.Env = nil },
	"labels":        func(c *config) { c.run.Labels = nil },
	"healthcheck":   func(c *config) { delete(c.runExtra, healthcheckKey) },
}

// notCleared lists the settings that Clear rejects: they are not values of the base, or only parts of one.
var notCleared = []string{
	"allow_any_architecture", "allow_missing_interpreter", "append_cmd", "append_entrypoint", "clear", "healthcheck_interval",
	"healthcheck_retries", "healthcheck_start_interval", "healthcheck_start_period", "healthcheck_timeout", "least_variant",
	"program", "unset_env", "unset_labels",
}

// ParseSettings reads settings from a JSON object. Keys that are not settings are errors; [Config] checks whether the
// values are valid.
func ParseSettings(data []byte) (Settings, error) {
	o, err := parseObject(data)
	if err != nil {
		return Settings{}, err
	}
	names := slices.Sorted(maps.Keys(drop))
	if err := o.checkKeys(slices.Concat(names, notCleared)); err != nil {
		return Settings{}, err
	}
	var s Settings
	if err := decodeValue(data, &s); err != nil {
		return Settings{}, err
	}
	for _, name := range s.Clear {
		if !slices.Contains(names, name) {
			return Settings{}, fmt.Errorf("clear: %w", unknownName(name, names))
		}
	}
	return s, nil
}
