// Cache is a remote cache for tests, of those that Bazel speaks gRPC with: the Remote Execution API, version 2, made of
// its own definitions and of the usual gRPC library. It knows nothing of images, nor of who reads.
//
// Usage:
//
//	cache --dir=DIR --listen=ADDRESS [--header=NAME=VALUE] [--certificate=FILE --key=FILE] [--break=BYTES]
//
// The address is HOST:PORT or unix:PATH; port 0 stands for a free one. What was chosen is the first line of standard
// output. Then each read is a line there: "read INSTANCE HEX OFFSET STATUS".
//
// Blobs are files DIR/INSTANCE/cas/HEX, results of actions are files DIR/INSTANCE/ac/HEX: a test evicts a blob by
// removing its file. With --header, calls without that header are refused. With --break, a read that begins at offset 0
// breaks off after so many bytes.
package main

import (
	"context"
	"crypto/tls"
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
	dir, listen, header, certificate, key string
	breakAt                               int64
}

func main() {
	var s settings
	flag.StringVar(&s.dir, "dir", "", "directory to keep all in")
	flag.StringVar(&s.listen, "listen", "127.0.0.1:0", "address to listen on")
	flag.StringVar(&s.header, "header", "", "NAME=VALUE that each call must have")
	flag.StringVar(&s.certificate, "certificate", "", "file with the certificate; none: no TLS")
	flag.StringVar(&s.key, "key", "", "file with its key")
	flag.Int64Var(&s.breakAt, "break", 0, "bytes after which a read breaks off")
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
		pair, err := tls.LoadX509KeyPair(s.certificate, s.key)
		if err != nil {
			return err
		}
		options = append(options, grpc.Creds(credentials.NewServerTLSFromCert(&pair)))
	}
	server := grpc.NewServer(options...)
	st := store(s.dir)
	repb.RegisterCapabilitiesServer(server, capabilities{})
	repb.RegisterActionCacheServer(server, actionCache{store: st})
	repb.RegisterContentAddressableStorageServer(server, storage{store: st})
	bytestream.RegisterByteStreamServer(server, &byteStream{store: st, breakAt: s.breakAt})
	fmt.Fprintln(os.Stdout, listener.Addr())
	return server.Serve(listener)
}

// authorize refuses a call without the header.
func (s settings) authorize(ctx context.Context) error {
	name, value, found := strings.Cut(s.header, "=")
	md, _ := metadata.FromIncomingContext(ctx)
	if found && !slices.Contains(md.Get(name), value) {
		return status.Error(codes.Unauthenticated, "no entrance")
	}
	return nil
}

type capabilities struct {
	repb.UnimplementedCapabilitiesServer
}

// GetCapabilities implements repb.CapabilitiesServer.
func (capabilities) GetCapabilities(
	context.Context, *repb.GetCapabilitiesRequest,
) (*repb.ServerCapabilities, error) {
	return &repb.ServerCapabilities{CacheCapabilities: &repb.CacheCapabilities{
		DigestFunctions:               []repb.DigestFunction_Value{repb.DigestFunction_SHA256},
		ActionCacheUpdateCapabilities: &repb.ActionCacheUpdateCapabilities{UpdateEnabled: true},
		SymlinkAbsolutePathStrategy:   repb.SymlinkAbsolutePathStrategy_ALLOWED,
	}, LowApiVersion: version(0), HighApiVersion: version(3)}, nil
}
