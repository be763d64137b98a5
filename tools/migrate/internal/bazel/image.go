package bazel

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os/exec"
	"regexp"
	"strings"
)

var digestPattern = regexp.MustCompile(`^sha256:[0-9a-f]{64}$`)

// IsDigest reports whether text is a SHA-256 digest.
func IsDigest(text string) bool { return digestPattern.MatchString(text) }

// Node is an index or an image in the output of "image inspect --json".
type Node struct {
	Kind     string
	Digest   string
	Platform string
	Children []Node
}

// Images returns the images of an index or a place.
func Images(nodes []Node) []Node {
	var all []Node
	for _, n := range nodes {
		if n.Kind == "image" {
			all = append(all, n)
		}
		all = append(all, Images(n.Children)...)
	}
	return all
}

// imageTool is the program that reads registries and compares images. This one uses no network itself.
const imageTool = "@rules_strata//rules:image"

// Tool is the path of a program of ours.
type Tool string

// Image builds the image tool of the workspace.
func (b Runner) Image(ctx context.Context) (Tool, error) {
	targets, err := b.Build(ctx, []string{imageTool})
	if err != nil {
		return "", err
	}
	for _, target := range targets {
		if files := target.Groups["default"]; target.Success && len(files) == 1 {
			return Tool(files[0]), nil
		}
	}
	return "", fmt.Errorf("%s could not be built in %s: declare rules_strata there, and see Bazel's output above", imageTool, b.Dir)
}

// Read runs the program, and decodes its standard output. The image tool exits with 1 both if it fails and if images differ;
// only in the latter case it writes to standard output.
func (t Tool) Read(ctx context.Context, value any, args ...string) error {
	var problem bytes.Buffer
	command := exec.CommandContext(ctx, string(t), args...)
	command.Stderr = &problem
	out, err := command.Output()
	if len(out) > 0 {
		return json.Unmarshal(out, value)
	}
	if err == nil {
		err = errors.New("no output")
	}
	if text := strings.TrimSpace(problem.String()); text != "" {
		return errors.New(strings.TrimPrefix(text, "image: "))
	}
	return err
}
