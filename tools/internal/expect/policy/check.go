package policy

import (
	"fmt"
	"path"
	"strconv"
	"strings"

	"github.com/rules-strata/rules_strata/tools/internal/facts/listing"
	"github.com/rules-strata/rules_strata/tools/internal/facts/sbom"
	"github.com/rules-strata/rules_strata/tools/internal/layer/tree"
	"github.com/rules-strata/rules_strata/tools/internal/oci"
	"github.com/rules-strata/rules_strata/tools/internal/oci/digest"
	"github.com/rules-strata/rules_strata/tools/internal/rootfs"
)

// Image is an image to check.
type Image struct {
	// Target is its label.
	Target string
	// Config holds the settings for containers.
	Config Config
	// Layers are the layers, the lowest first.
	Layers []Layer
	// Files is the merged file system. It and Listings may be nil if the policy does not need the files.
	Files    *rootfs.FileSystem
	Listings *listing.Set
	// Packages may be nil if the policy does not need the packages.
	Packages *sbom.Document
}

// Config holds the settings in the config of an image.
type Config struct {
	oci.ImageConfig
	// Healthcheck is not part of image-spec, but Docker and Podman have it.
	Healthcheck struct {
		Test []string
	}
}

// ParseConfig parses the config of an image.
func ParseConfig(data []byte) (Config, error) {
	var c struct {
		Config Config `json:"config"`
	}
	err := oci.Unmarshal(data, &c)
	return c.Config, err
}

// Layer is a layer of an image.
type Layer struct {
	Digest digest.Digest
	// Built reports that the build made the layer, and Sources are the repositories that have it otherwise.
	Built   bool
	Sources []string
}

// Violation is a violation of a rule.
type Violation struct {
	// Rule is the name of the rule.
	Rule string
	// Text describes the problem. It names the path and the layer if there is one.
	Text string
	// Exception is what to add to the exceptions of the rule, if it is not the target of the image, and Exceptions names all that
	// may be added.
	Exception, Exceptions string
}

// maxAlike is how many violations of a rule are listed.
const maxAlike = 20

// checker applies one rule to an image.
type checker struct {
	image      *Image
	rule       string
	exceptions exceptions
	violations []Violation
	more       int
}

// Check returns the violations of the policy, in the order of its rules.
func (p *Policy) Check(image *Image) ([]Violation, error) {
	var all []Violation
	for _, rule := range p.checks {
		c := &checker{image: image, rule: rule.name, exceptions: p.allow[rule.name]}
		if c.exceptions.target(image.Target) {
			continue
		}
		if err := rule.run(c); err != nil {
			return nil, err
		}
		if c.more > 0 {
			c.violations = append(c.violations, Violation{Rule: c.rule, Text: fmt.Sprintf("%d more", c.more)})
		}
		all = append(all, c.violations...)
	}
	return all, nil
}

func (c *checker) violate(format string, args ...any) {
	if len(c.violations) == maxAlike {
		c.more++
		return
	}
	c.violations = append(c.violations, Violation{Rule: c.rule, Text: fmt.Sprintf(format, args...)})
}

// path adds a violation by a path of a layer, unless the policy allows it. The details may be empty.
func (c *checker) path(path string, layer int, details string) {
	if c.exceptions.path(path) {
		return
	}
	if details != "" {
		details += ", "
	}
	c.violate("%s (%s%s)", oneLine(path), details, c.layer(layer))
}

// oneLine returns a text from an image, quoted if it has characters that could forge a message.
func oneLine(text string) string {
	if quoted := strconv.Quote(text); quoted != `"`+text+`"` {
		return quoted
	}
	return text
}

// layer describes a layer.
func (c *checker) layer(i int) string {
	return fmt.Sprintf("layer %d of %d, %s", i+1, len(c.image.Layers), c.image.Layers[i].Digest)
}

func noHealthcheck(c *checker) error {
	if test := c.image.Config.Healthcheck.Test; len(test) == 0 || test[0] == "NONE" {
		c.violate("the image has no health check")
	}
	return nil
}

func rootUser(c *checker) error {
	user, _, _ := strings.Cut(c.image.Config.User, ":")
	switch {
	case user == "":
		c.violate("the user is not set, so the program runs as root")
	case user == "root", strings.Trim(user, "0") == "":
		c.violate("the user is %s", c.image.Config.User)
	}
	return nil
}

// secretWords are parts of the names of variables that hold secrets.
var secretWords = []string{"PASSWORD", "PASSWD", "SECRET", "TOKEN", "PRIVATE_KEY", "API_KEY", "ACCESS_KEY"}

func secretEnv(c *checker) error {
	for _, variable := range c.image.Config.Env {
		name, value, _ := strings.Cut(variable, "=")
		for _, word := range secretWords {
			if value != "" && strings.Contains(strings.ToUpper(name), word) {
				c.violate("the variable %s has a value", name)
				break
			}
		}
	}
	return nil
}

func setuid(c *checker) error {
	for _, e := range c.image.Files.Entries() {
		if e.File.Kind == tree.File && e.File.Mode&0o6000 != 0 {
			c.path(e.Path, e.File.Layer, fmt.Sprintf("mode %04o", e.File.Mode))
		}
	}
	return nil
}

func worldWritable(c *checker) error {
	for _, e := range c.image.Files.Entries() {
		sticky := e.File.Kind == tree.Dir && e.File.Mode&0o1000 != 0
		if e.File.Kind != tree.Symlink && e.File.Mode&0o002 != 0 && !sticky {
			c.path(e.Path, e.File.Layer, fmt.Sprintf("%s, mode %04o", e.File.Kind, e.File.Mode))
		}
	}
	return nil
}

// secretFiles select files that hold credentials. Certificates and public keys are not among them.
var secretFiles = mustParse("**/id_rsa", "**/id_dsa", "**/id_ecdsa", "**/id_ed25519", "**/.aws/credentials", "**/.docker/config.json",
	"**/.kube/config", "**/.netrc", "**/.git-credentials", "**/.pypirc", "**/.pgpass", "**/credentials.json", "**/*.p12", "**/*.pfx",
	"/etc/ssl/private/**")

// secrets looks into all layers: a file that a higher layer deletes is still part of the image.
func secrets(c *checker) error {
	for i, layer := range c.image.Layers {
		if !c.seen(i) {
			continue
		}
		for e, err := range c.image.Listings.Entries(layer.Digest) {
			if err != nil {
				return err
			}
			if e.SHA256 != "" && selects(secretFiles, e.Path) {
				c.path(e.Path, i, "")
			}
		}
	}
	return nil
}

// cacheFiles select what package managers keep for themselves.
var cacheFiles = mustParse("/var/cache/apt/**", "/var/lib/apt/lists/**", "/var/cache/apk/**", "/var/cache/dnf/**", "/var/cache/yum/**",
	"/var/cache/zypp/**", "/var/cache/pacman/**", "**/.cache/pip/**", "**/.npm/_cacache/**", "**/.cache/go-build/**", "**/.cargo/registry/**",
	"/opt/conda/pkgs/**")

func packageCaches(c *checker) error {
	for _, e := range c.image.Files.Entries() {
		if e.File.Kind == tree.File && e.File.Size > 0 && path.Base(e.Path) != "lock" && selects(cacheFiles, e.Path) {
			c.path(e.Path, e.Layer, "")
		}
	}
	return nil
}

func mustParse(globs ...string) []tree.Pattern {
	patterns, err := parsePatterns("built in", globs)
	if err != nil {
		panic(err) // a typing error above
	}
	return patterns
}
