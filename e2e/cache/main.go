// Cache is a remote cache for tests, and with --execute a remote execution service: the Remote Execution API, version
// 2, built from its published definitions and the usual gRPC library. It knows nothing about images or its clients.
//
// Usage:
//
//	cache --dir=DIR --listen=ADDRESS [--header=NAME=VALUE] [--user=NAME:PASSWORD] [--break=BYTES] [--execute]
//	      [--certificate=FILE --key=FILE [--clients=FILE]]
//
// The address is HOST:PORT or unix:PATH; port 0 selects a free one. The first line of standard output is the address.
// The following lines are a log:
//
//	read INSTANCE HEX OFFSET STATUS SIZE   a blob was read from OFFSET; SIZE bytes of it were sent
//	write INSTANCE HEX SIZE                a blob was written
//	found INSTANCE HEX SIZE                the result of an action was read
//	result INSTANCE HEX SIZE               the result of an action was written
//	execute INSTANCE HEX CODE              an action was executed; the exit code of its command
//
// Blobs are files DIR/INSTANCE/cas/HEX, results of actions are files DIR/INSTANCE/ac/HEX: a test evicts a blob by
// removing its file. With --header, calls without that header are refused; with --user, those of other users, whose
// names and passwords come with the ":authority" (as from Bazel) or as basic authentication. With --clients, callers need
// a certificate of an authority in that file. With --break, a read that begins at offset 0 breaks off after that many
// bytes.
//
// --execute requires root: see execute.go.
package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"flag"
	"fmt"
	"log"
	"net"
	"os"
	"slices"
	"strings"

	repb "github.com/bazelbuild/remote-apis/build/bazel/remote/execution/v2"
	"google.golang.org/genproto/googleapis/bytestream"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
)

type settings struct {
	dir, listen, header, user, certificate, key, clients string
	breakAt                                              int64
	execute                                              bool
}

func main() {
	var s settings
	flag.StringVar(&s.dir, "dir", "", "directory for all data")
	flag.StringVar(&s.listen, "listen", "127.0.0.1:0", "address to listen on")
	flag.StringVar(&s.header, "header", "", "NAME=VALUE that each call must have")
	flag.StringVar(&s.user, "user", "", "NAME:PASSWORD that each call must have")
	flag.StringVar(&s.certificate, "certificate", "", "file with the certificate; none: no TLS")
	flag.StringVar(&s.key, "key", "", "file with its key")
	flag.StringVar(&s.clients, "clients", "", "file with the authorities of client certificates")
	flag.Int64Var(&s.breakAt, "break", 0, "bytes after which a read breaks off")
	flag.BoolVar(&s.execute, "execute", false, "execute actions")
	flag.Parse()
	if err := s.serve(); err != nil {
		log.Fatal(err)
	}
}

func (s settings) serve() error {
	network, address := "tcp", s.listen
	if path, ok := strings.CutPrefix(address, "unix:"); ok {
		network, address = "unix", path
	}
	listener, err := net.Listen(network, address)
	if err != nil {
		return err
	}
	options := []grpc.ServerOption{
		grpc.UnaryInterceptor(func(
			ctx context.Context, req any, _ *grpc.UnaryServerInfo, handle grpc.UnaryHandler,
		) (any, error) {
			if err := s.authorize(ctx); err != nil {
				return nil, err
			}
			return handle(ctx, req)
		}),
		grpc.StreamInterceptor(func(
			server any, stream grpc.ServerStream, _ *grpc.StreamServerInfo, handle grpc.StreamHandler,
		) error {
			if err := s.authorize(stream.Context()); err != nil {
				return err
			}
			return handle(server, stream)
		}),
	}
	if s.certificate != "" {
		config, err := s.tls()
		if err != nil {
			return err
		}
		options = append(options, grpc.Creds(credentials.NewTLS(config)))
	}
	server := grpc.NewServer(options...)
	st := store(s.dir)
	repb.RegisterCapabilitiesServer(server, capabilities{execute: s.execute})
	repb.RegisterActionCacheServer(server, actionCache{store: st})
	repb.RegisterContentAddressableStorageServer(server, storage{store: st})
	bytestream.RegisterByteStreamServer(server, &byteStream{store: st, breakAt: s.breakAt})
	if s.execute {
		repb.RegisterExecutionServer(server, &execution{actionCache: actionCache{store: st}, slots: make(chan struct{}, 2)})
	}
	fmt.Fprintln(os.Stdout, listener.Addr())
	return server.Serve(listener)
}

// tls returns the configuration for the certificate.
func (s settings) tls() (*tls.Config, error) {
	pair, err := tls.LoadX509KeyPair(s.certificate, s.key)
	if err != nil {
		return nil, err
	}
	config := &tls.Config{Certificates: []tls.Certificate{pair}}
	if s.clients == "" {
		return config, nil
	}
	authorities, err := os.ReadFile(s.clients)
	if err != nil {
		return nil, err
	}
	config.ClientAuth, config.ClientCAs = tls.RequireAndVerifyClientCert, x509.NewCertPool()
	if !config.ClientCAs.AppendCertsFromPEM(authorities) {
		return nil, fmt.Errorf("%s contains no certificate", s.clients)
	}
	return config, nil
}

// authorize refuses a call without the header or the user.
func (s settings) authorize(ctx context.Context) error {
	name, value, found := strings.Cut(s.header, "=")
	md, _ := metadata.FromIncomingContext(ctx)
	if found && !slices.Contains(md.Get(name), value) {
		return status.Error(codes.Unauthenticated, "no entrance")
	}
	basic := "Basic " + base64.StdEncoding.EncodeToString([]byte(s.user))
	if s.user == "" || slices.Contains(md.Get("authorization"), basic) {
		return nil
	}
	for _, authority := range md.Get(":authority") {
		if strings.HasPrefix(authority, s.user+"@") {
			return nil
		}
	}
	return status.Error(codes.Unauthenticated, "no entrance for this user")
}

type capabilities struct {
	repb.UnimplementedCapabilitiesServer
	execute bool
}

// GetCapabilities implements repb.CapabilitiesServer.
func (c capabilities) GetCapabilities(
	context.Context, *repb.GetCapabilitiesRequest,
) (*repb.ServerCapabilities, error) {
	functions := []repb.DigestFunction_Value{repb.DigestFunction_SHA256}
	return &repb.ServerCapabilities{CacheCapabilities: &repb.CacheCapabilities{
		DigestFunctions:               functions,
		ActionCacheUpdateCapabilities: &repb.ActionCacheUpdateCapabilities{UpdateEnabled: true},
		SymlinkAbsolutePathStrategy:   repb.SymlinkAbsolutePathStrategy_ALLOWED,
	}, ExecutionCapabilities: &repb.ExecutionCapabilities{
		DigestFunction:  functions[0],
		DigestFunctions: functions,
		ExecEnabled:     c.execute,
	}, LowApiVersion: version(0), HighApiVersion: version(3)}, nil
}
