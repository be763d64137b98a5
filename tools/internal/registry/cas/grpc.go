package cas

import (
	"bytes"
	"context"
	"encoding/binary"
	"io"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/rules-strata/rules_strata/tools/internal/message"
	"github.com/rules-strata/rules_strata/tools/internal/oci"
	"github.com/rules-strata/rules_strata/tools/internal/registry/transport"
)

// grpcCache is a cache that speaks the Remote Execution API.
//
// One call with two messages and four fields in total does not justify a gRPC library, which every build of the push
// tool would have to compile: net/http provides HTTP/2, and gRPC adds to it (PROTOCOL-HTTP2.md) only five bytes before
// each message and a status after the last one.
type grpcCache struct {
	client *http.Client
	method url.URL
	prefix string // prefix of resource names
}

func newGRPC(a address, o Options) *grpcCache {
	protocols := new(http.Protocols)
	connections := &http.Transport{
		TLSClientConfig:     o.TLS.Clone(),
		Protocols:           protocols,
		TLSHandshakeTimeout: 10 * time.Second,
		IdleConnTimeout:     90 * time.Second,
		DisableCompression:  true,
		// Detect a dead connection.
		HTTP2: &http.HTTP2Config{SendPingTimeout: 30 * time.Second, PingTimeout: 15 * time.Second},
	}
	dialer := &net.Dialer{Timeout: 30 * time.Second}
	connections.DialContext = dialer.DialContext
	if a.url.Scheme == "https" {
		protocols.SetHTTP2(true)
		connections.Proxy = http.ProxyFromEnvironment
	} else {
		protocols.SetUnencryptedHTTP2(true)
	}
	if a.socket != "" {
		connections.DialContext = func(ctx context.Context, _, _ string) (net.Conn, error) {
			return dialer.DialContext(ctx, "unix", a.socket)
		}
	}
	c := &grpcCache{method: *a.url.JoinPath("google.bytestream.ByteStream", "Read"), prefix: "blobs/"}
	c.client = transport.NewClient(connections, o.Limits)
	c.client.CheckRedirect = func(*http.Request, []*http.Request) error {
		return http.ErrUseLastResponse // gRPC has no redirects.
	}
	if a.instance != "" {
		c.prefix = a.instance + "/blobs/"
	}
	return c
}

// fetch implements protocol.
func (c *grpcCache) fetch(
	ctx context.Context, d oci.Descriptor, offset int64, header http.Header,
) (io.ReadCloser, error) {
	resource := c.prefix + d.Digest.Encoded() + "/" + strconv.FormatInt(d.Size, 10)
	body := bytes.NewReader(readRequest(resource, offset))
	// The call ends with the reader, even if the cache keeps sending.
	ctx, cancel := context.WithCancel(ctx)
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, c.method.String(), body)
	if err != nil {
		cancel()
		return nil, err
	}
	req.Header = header.Clone()
	req.Header.Set("User-Agent", transport.UserAgent)
	req.Header.Set("Content-Type", "application/grpc")
	req.Header.Set("Te", "trailers")
	resp, err := c.client.Do(req)
	if err != nil {
		cancel()
		return nil, err
	}
	r := newMessages(resp, cancel)
	if err = checkAnswer(resp); err == nil {
		err = r.await()
	}
	if err != nil {
		r.Close()
		return nil, err
	}
	return r, nil
}

// readRequest is a google.bytestream.ReadRequest as the one message of a call: resource_name is its field 1,
// read_offset its field 2.
func readRequest(resource string, offset int64) []byte {
	message := append([]byte{1<<3 | wireBytes}, binary.AppendUvarint(nil, uint64(len(resource)))...)
	message = append(message, resource...)
	if offset > 0 {
		message = append(message, 2<<3|wireVarint)
		message = binary.AppendUvarint(message, uint64(offset))
	}
	prefix := binary.BigEndian.AppendUint32([]byte{0}, uint32(len(message)))
	return append(prefix, message...)
}

// checkAnswer checks that an answer is gRPC.
func checkAnswer(resp *http.Response) error {
	if resp.StatusCode != http.StatusOK { // not from a gRPC server, but from something in front of it
		if resp.StatusCode == http.StatusNotFound {
			return &protocolError{"the server has no ByteStream service"}
		}
		return httpError(resp)
	}
	if kind := resp.Header.Get("Content-Type"); !strings.HasPrefix(kind, "application/grpc") {
		return &protocolError{"not a gRPC server: the answer has the type " + strconv.Quote(message.OneLine(kind))}
	}
	return nil
}

// checkStatus returns the error that the end of a call reports, or io.EOF on success.
func checkStatus(trailer http.Header) error {
	status := trailer.Get("Grpc-Status")
	code, err := strconv.ParseUint(status, 10, 8)
	switch {
	case status == "":
		return io.ErrUnexpectedEOF
	case err != nil:
		return &protocolError{"not a gRPC server: the answer ends with the status " + strconv.Quote(message.OneLine(status))}
	case code == 0:
		return io.EOF
	}
	message := trailer.Get("Grpc-Message")
	if decoded, err := url.PathUnescape(message); err == nil {
		message = decoded
	}
	return grpcError(int(code), message)
}
