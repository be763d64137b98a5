package registry

import (
	"context"
	"net/http"
	"net/http/httptest"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/rules-strata/rules_strata/tools/internal/oci/digest"
	"github.com/rules-strata/rules_strata/tools/internal/oci/reference"
	"github.com/rules-strata/rules_strata/tools/internal/registry/auth"
)

func TestEndpoint(t *testing.T) {
	tests := []struct {
		status    int
		challenge string
		want      *auth.Challenge
		err       string
	}{
		{http.StatusOK, "", nil, ""},
		{http.StatusUnauthorized, `Bearer realm="https://a/token",service="s"`,
			&auth.Challenge{Scheme: "bearer", Realm: "https://a/token", Service: "s"}, ""},
		{http.StatusUnauthorized, `Basic realm="r"`, &auth.Challenge{Scheme: "basic"}, ""},
		{http.StatusNotFound, "", nil, ""},
		{http.StatusUnauthorized, "Negotiate", nil, "/team/app: API: 401 Unauthorized"},
		{http.StatusForbidden, "", nil, "/team/app: API: 403 Forbidden"},
		{http.StatusServiceUnavailable, "", nil, "/team/app: API: 503 Service Unavailable (5 attempts)"},
	}
	for _, test := range tests {
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
			if req.URL.Path == "/v2/" {
				return // the probe for TLS, which Endpoint does not send
			}
			if req.URL.Path != "/v2/team/app/blobs/"+digest.FromBytes(nil).String() || req.Header.Get("Authorization") != "" {
				t.Errorf("request %s with authorization %q", req.URL, req.Header.Get("Authorization"))
			}
			w.Header().Set("WWW-Authenticate", test.challenge)
			w.WriteHeader(test.status)
		}))
		host := strings.TrimPrefix(server.URL, "http://")
		client := NewClient(Options{
			Credentials: known{Username: "u", Password: "p"},
			Wait:        func(context.Context, time.Duration) error { return nil },
		})
		got, err := client.Endpoint(t.Context(), reference.Reference{Registry: host, Repository: "team/app"})
		if test.err != "" {
			wantError(t, test.challenge, err, host+test.err)
		} else if want := (Endpoint{server.URL, test.want}); err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%d %s: %+v, %v, want %+v", test.status, test.challenge, got, err, want)
		}
		server.Close()
	}
}
