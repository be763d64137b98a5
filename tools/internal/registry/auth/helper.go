package auth

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os/exec"
	"strings"

	"github.com/rules-strata/rules_strata/tools/internal/registry/transport"
)

const (
	helperPrefix = "docker-credential-"
	// notFound is the prefix of the message that helpers print if they have no credential for a server.
	notFound = "credentials not found"
	// tokenUser is the user name that marks a helper's secret as an identity token.
	tokenUser = "<token>"
)

// askHelper gets a server's credential from the program docker-credential-NAME: the server on standard input, an
// answer in JSON on standard output (protocol of docker-credential-helpers).
func askHelper(ctx context.Context, limits transport.Limits, name, server string) (Credential, error) {
	if strings.ContainsAny(name, `/\`) {
		return Credential{}, fmt.Errorf("credential helper %q: must be a name, not a path", name)
	}
	program := helperPrefix + name
	path, err := exec.LookPath(program)
	if err != nil {
		return Credential{}, fmt.Errorf("%s: not found on the PATH, but it has the credential for %s", program, server)
	}
	helper := transport.Helper{Name: program, Path: path, Limits: limits}
	stdout, stderr, err := helper.Get(ctx, server)
	if err != nil {
		if bytes.HasPrefix(stdout, []byte(notFound)) || bytes.HasPrefix(stderr, []byte(notFound)) {
			return Credential{}, nil
		}
		// The protocol puts the error message on standard output.
		return Credential{}, fmt.Errorf("%s: %s: %w%s", program, server, err, transport.Complaint(stdout, stderr))
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
		return Credential{}, errors.New("the answer is not JSON") // it may be a secret, so do not show it
	}
	if answer.Username == tokenUser {
		return Credential{IdentityToken: answer.Secret}, nil
	}
	return Credential{Username: answer.Username, Password: answer.Secret}, nil
}
