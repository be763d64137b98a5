// Package auth proves to a registry who is asking.
//
// It has two halves. A [Store] finds the credentials that "docker login" and "podman login" left behind: in their
// files, or with the helper programs that the files name. A [Session] turns a registry's challenge (RFC 9110, section
// 11; the token protocol of distribution's "token.md") into the Authorization header of the next request, and keeps
// it while it is valid.
//
// A credential is looked up only when a registry asks for one, so that an anonymous registry never starts a helper. No
// secret is part of an error, and none can be printed by accident: every type that holds one hides it from package fmt.
//
// Non-goals: storing credentials, cloud providers' own ways to log in (their helper programs do that).
package auth

import (
	"context"
	"fmt"
	"io"

	"github.com/rules-strata/rules_strata/tools/internal/oci/reference"
)

// Credential is what a user has for one registry. The zero value is that of somebody unknown.
type Credential struct {
	// Username and Password are for basic authentication, with the registry or with its token server.
	Username, Password string
	// IdentityToken is what the token server gives access tokens for, in place of a password (OAuth 2's refresh token).
	IdentityToken string
	// RegistryToken is an access token, sent as it is.
	RegistryToken string
}

// IsAnonymous reports whether c proves nothing.
func (c Credential) IsAnonymous() bool { return c == Credential{} }

// Format implements fmt.Formatter: it prints no part of the credential.
func (Credential) Format(s fmt.State, _ rune) { io.WriteString(s, "(hidden credential)") }

// Finder finds the credential for a repository.
type Finder interface {
	// Find returns the credential for the registry and the repository that ref names; its tag and digest do not matter.
	// It returns the zero Credential if there is none.
	Find(ctx context.Context, ref reference.Reference) (Credential, error)
	// Searched returns the files in which Find looks, for messages.
	Searched() []string
}

// Anonymous is a Finder that knows no credentials.
type Anonymous struct{}

// Find implements Finder.
func (Anonymous) Find(context.Context, reference.Reference) (Credential, error) {
	return Credential{}, nil
}

// Searched implements Finder.
func (Anonymous) Searched() []string { return nil }
