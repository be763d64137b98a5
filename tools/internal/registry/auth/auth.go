// Package auth authenticates the user to a registry.
//
// It has two halves. A [Store] finds the credentials that "docker login" and "podman login" saved, in their files or
// through the helper programs that the files name. A [Session] turns a registry's challenge (RFC 9110, section 11; the
// token protocol of distribution's "token.md") into the Authorization header of the next request, and keeps it while it
// is valid.
//
// A credential is looked up only when a registry asks for one, so an anonymous registry never starts a helper. Errors
// contain no secrets, and none can be printed by accident: every type that holds one hides it from package fmt.
//
// Non-goals: storing credentials, cloud providers' login methods (their helper programs handle those).
package auth

import (
	"context"
	"fmt"
	"io"

	"github.com/rules-strata/rules_strata/tools/internal/oci/reference"
)

// Credential is a user's credential for one registry. The zero value is anonymous.
type Credential struct {
	// Username and Password are for basic authentication, with the registry or with its token server.
	Username, Password string
	// IdentityToken is exchanged for access tokens at the token server, in place of a password (OAuth 2's refresh
	// token).
	IdentityToken string
	// RegistryToken is an access token, sent unchanged.
	RegistryToken string
}

// IsAnonymous reports whether c is empty.
func (c Credential) IsAnonymous() bool { return c == Credential{} }

// Format implements fmt.Formatter: it prints no part of the credential.
func (Credential) Format(s fmt.State, _ rune) { io.WriteString(s, "(hidden credential)") }

// Finder finds the credential for a repository.
type Finder interface {
	// Find returns the credential for the registry and the repository that ref names, ignoring the tag and digest. It
	// returns the zero Credential if none exists.
	Find(ctx context.Context, ref reference.Reference) (Credential, error)
	// Searched returns the files in which Find looks, for messages.
	Searched() []string
}

// Anonymous is a Finder without credentials.
type Anonymous struct{}

// Find implements Finder.
func (Anonymous) Find(context.Context, reference.Reference) (Credential, error) {
	return Credential{}, nil
}

// Searched implements Finder.
func (Anonymous) Searched() []string { return nil }
