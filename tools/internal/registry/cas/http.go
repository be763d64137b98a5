package cas

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/rules-strata/rules_strata/tools/internal/oci"
	"github.com/rules-strata/rules_strata/tools/internal/registry/transport"
)

// httpCache is a cache that speaks Bazel's HTTP caching protocol.
type httpCache struct {
	client *http.Client
	base   url.URL
}

func newHTTP(a address, o Options) *httpCache {
	connections := http.DefaultTransport.(*http.Transport).Clone()
	connections.TLSClientConfig = o.TLS.Clone()
	connections.DisableCompression = true // Blobs are stored uncompressed.
	return &httpCache{client: transport.NewClient(connections, o.Limits), base: a.url}
}

// fetch implements protocol.
func (c *httpCache) fetch(
	ctx context.Context, d oci.Descriptor, offset int64, header http.Header,
) (io.ReadCloser, error) {
	address := c.base.JoinPath("cas", d.Digest.Encoded())
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address.String(), nil)
	if err != nil {
		return nil, err
	}
	req.Header = header.Clone()
	req.Header.Set("User-Agent", transport.UserAgent)
	if offset > 0 {
		req.Header.Set("Range", "bytes="+strconv.FormatInt(offset, 10)+"-")
	}
	resp, err := c.client.Do(req)
	if err != nil {
		return nil, err
	}
	begins := int64(0)
	switch {
	case resp.StatusCode == http.StatusPartialContent && offset > 0:
		if !strings.HasPrefix(resp.Header.Get("Content-Range"), fmt.Sprintf("bytes %d-", offset)) {
			resp.Body.Close()
			return nil, &protocolError{"the answer is a different part of the blob than requested"}
		}
		begins = offset
	case resp.StatusCode != http.StatusOK:
		resp.Body.Close()
		return nil, httpError(resp)
	}
	// A cache without support for ranges starts from the beginning: skip the bytes already read.
	if _, err := io.CopyN(io.Discard, resp.Body, offset-begins); err != nil {
		resp.Body.Close()
		if err == io.EOF {
			err = fmt.Errorf("the answer ends before byte %d", offset)
		}
		return nil, err
	}
	return resp.Body, nil
}
