package auth

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os/exec"
	"strings"

	"github.com/rules-strata/rules_strata/tools/internal/cli"
	"github.com/rules-strata/rules_strata/tools/internal/registry/waiting"
)

const (
	helperPrefix = "docker-credential-"
	// notFound begins what helpers print if they know nothing of a server.
	notFound = "credentials not found"
	// tokenUser is the user name that marks a helper's secret as an identity token.
	tokenUser = "<token>"
)

// askHelper asks the program docker-credential-NAME for a server's credential: the server on standard input, an
// answer in JSON on standard output (protocol of docker-credential-helpers).
func askHelper(ctx context.Context, limits waiting.Limits, name, server string) (Credential, error) {
	if strings.ContainsAny(name, `/\`) {
		return Credential{}, fmt.Errorf("credential helper %q: not a name but a path", name)
	}
	program := helperPrefix + name
	path, err := exec.LookPath(program)
	if err != nil {
		return Credential{}, fmt.Errorf("%s: not found on the PATH, but it has the credential for %s", program, server)
	}
	stdout, stderr, err := limits.Run(ctx, program, func(ctx context.Context) *exec.Cmd {
		cmd := exec.CommandContext(ctx, path, "get")
		cmd.Stdin = strings.NewReader(server)
		return cmd
	})
	if err != nil {
		if bytes.HasPrefix(stdout, []byte(notFound)) || bytes.HasPrefix(stderr, []byte(notFound)) {
			return Credential{}, nil
		}
		said := complaint(string(stdout), string(stderr))
		return Credential{}, fmt.Errorf("%s: %s: %w%s", program, server, err, said)
	}
	c, err := parseAnswer(stdout)
	if err != nil {
		return Credential{}, fmt.Errorf("%s: %s: %w", program, server, err)
	}
	return c, nil
}

func parseAnswer(data []byte) (Credential, error) {
	var answer struct{ Username, Secret string }
	if err := json.Unmarshal(data, &answer); err != nil {
		return Credential{}, errors.New("the answer is not JSON") // and may be a secret: it is not shown
	}
	if answer.Username == tokenUser {
		return Credential{IdentityToken: answer.Secret}, nil
	}
	return Credential{Username: answer.Username, Password: answer.Secret}, nil
}

// complaint returns the first line of what a failed helper said. By the protocol that is on standard output; an answer,
// which begins with a brace, is not shown.
func complaint(stdout, stderr string) string {
	for _, text := range []string{stdout, stderr} {
		line, _, _ := strings.Cut(strings.TrimSpace(text), "\n")
		if line != "" && !strings.HasPrefix(line, "{") {
			return ": " + cli.Printable(line)
		}
	}
	return ""
}
