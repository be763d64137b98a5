package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"sync"

	repb "github.com/bazelbuild/remote-apis/build/bazel/remote/execution/v2"
	"github.com/bazelbuild/remote-apis/build/bazel/semver"
	"google.golang.org/genproto/googleapis/bytestream"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"
)

// version is the version 2.minor of the API.
func version(minor int32) *semver.SemVer { return &semver.SemVer{Major: 2, Minor: minor} }

// logged is held while a line of the log is written.
var logged sync.Mutex

// logLine writes a line of the log.
func logLine(kind, instance string, fields ...any) {
	logged.Lock()
	defer logged.Unlock()
	fmt.Fprintln(os.Stdout, append([]any{kind, strconv.Quote(instance)}, fields...)...)
}

// store is the directory with all data.
type store string

func (s store) path(instance, kind, hash string) string {
	return filepath.Join(string(s), instance, kind, hash)
}

// create returns a new file, which put moves to path.
func (s store) create(path string) (*os.File, error) {
	if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
		return nil, err
	}
	return os.CreateTemp(string(s), "part")
}

// put completes a file and makes it visible at path.
func put(file *os.File, path string) error {
	if err := file.Close(); err != nil {
		return err
	}
	return os.Rename(file.Name(), path)
}

type actionCache struct {
	repb.UnimplementedActionCacheServer
	store
}

// GetActionResult implements repb.ActionCacheServer.
func (a actionCache) GetActionResult(
	_ context.Context, r *repb.GetActionResultRequest,
) (*repb.ActionResult, error) {
	data, err := os.ReadFile(a.path(r.InstanceName, "ac", r.ActionDigest.GetHash()))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, status.Error(codes.NotFound, "no such action")
	}
	if err != nil {
		return nil, err
	}
	logLine("found", r.InstanceName, r.ActionDigest.GetHash(), len(data))
	result := new(repb.ActionResult)
	return result, proto.Unmarshal(data, result)
}

// UpdateActionResult implements repb.ActionCacheServer.
func (a actionCache) UpdateActionResult(
	_ context.Context, r *repb.UpdateActionResultRequest,
) (*repb.ActionResult, error) {
	size, err := a.keep(r.InstanceName, r.ActionDigest.GetHash(), r.ActionResult)
	logLine("result", r.InstanceName, r.ActionDigest.GetHash(), size)
	return r.ActionResult, err
}

// keep stores the result of an action, and returns its size.
func (a actionCache) keep(instance, hash string, result *repb.ActionResult) (int, error) {
	data, err := proto.Marshal(result)
	if err != nil {
		return 0, err
	}
	path := a.path(instance, "ac", hash)
	file, err := a.create(path)
	if err != nil {
		return 0, err
	}
	if _, err := file.Write(data); err != nil {
		return 0, err
	}
	return len(data), put(file, path)
}

type storage struct {
	repb.UnimplementedContentAddressableStorageServer
	store
}

// FindMissingBlobs implements repb.ContentAddressableStorageServer.
func (s storage) FindMissingBlobs(
	_ context.Context, r *repb.FindMissingBlobsRequest,
) (*repb.FindMissingBlobsResponse, error) {
	response := new(repb.FindMissingBlobsResponse)
	for _, d := range r.BlobDigests {
		if _, err := os.Stat(s.path(r.InstanceName, "cas", d.Hash)); err != nil {
			response.MissingBlobDigests = append(response.MissingBlobDigests, d)
		}
	}
	return response, nil
}

// resource is the name of a blob in ByteStream: its instance, its hash, its size.
var resource = regexp.MustCompile(`^(?:(.*)/)?blobs/([0-9a-f]{64})/([0-9]+)$`)

// upload is what precedes that when the blob is written.
var upload = regexp.MustCompile(`^(?:(.*)/)?uploads/[^/]+/(blobs/.*)$`)

type byteStream struct {
	bytestream.UnimplementedByteStreamServer
	store
	breakAt int64
}

// Read implements bytestream.ByteStreamServer.
func (b *byteStream) Read(r *bytestream.ReadRequest, stream bytestream.ByteStream_ReadServer) error {
	name := resource.FindStringSubmatch(r.ResourceName)
	if name == nil {
		return status.Errorf(codes.InvalidArgument, "resource name %q", r.ResourceName)
	}
	sent, err := b.send(r, b.path(name[1], "cas", name[2]), stream)
	logLine("read", name[1], name[2], r.ReadOffset, status.Code(err), sent)
	return err
}

// send returns the number of bytes that were sent.
func (b *byteStream) send(
	r *bytestream.ReadRequest, path string, stream bytestream.ByteStream_ReadServer,
) (sent int64, err error) {
	file, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return 0, status.Error(codes.NotFound, "no such blob")
	}
	if err != nil {
		return 0, err
	}
	defer file.Close()
	if _, err := file.Seek(r.ReadOffset, io.SeekStart); err != nil {
		return 0, err
	}
	var in io.Reader = file
	if b.breakAt > 0 && r.ReadOffset == 0 {
		in = io.LimitReader(file, b.breakAt)
	}
	buffer := make([]byte, 1<<20)
	for {
		n, err := in.Read(buffer)
		if n > 0 {
			if err := stream.Send(&bytestream.ReadResponse{Data: buffer[:n]}); err != nil {
				return sent, err
			}
			sent += int64(n)
		}
		if err == io.EOF {
			break
		}
		if err != nil {
			return sent, err
		}
	}
	if rest, _ := file.Read(buffer[:1]); rest > 0 {
		return sent, status.Error(codes.Unavailable, "broken")
	}
	return sent, nil
}

// Write implements bytestream.ByteStreamServer.
func (b *byteStream) Write(stream bytestream.ByteStream_WriteServer) error {
	r, err := stream.Recv()
	if err != nil {
		return err
	}
	outer := upload.FindStringSubmatch(r.ResourceName)
	if outer == nil {
		return status.Errorf(codes.InvalidArgument, "resource name %q", r.ResourceName)
	}
	name := resource.FindStringSubmatch(outer[2])
	if name == nil {
		return status.Errorf(codes.InvalidArgument, "resource name %q", r.ResourceName)
	}
	path := b.path(outer[1], "cas", name[2])
	file, err := b.create(path)
	if err != nil {
		return err
	}
	defer os.Remove(file.Name())
	hash, size := sha256.New(), int64(0)
	for {
		if _, err := io.MultiWriter(file, hash).Write(r.Data); err != nil {
			return err
		}
		size += int64(len(r.Data))
		if r.FinishWrite {
			break
		}
		if r, err = stream.Recv(); err != nil {
			return err
		}
	}
	if hex.EncodeToString(hash.Sum(nil)) != name[2] || strconv.FormatInt(size, 10) != name[3] {
		return status.Error(codes.InvalidArgument, "content and digest differ")
	}
	if err := put(file, path); err != nil {
		return err
	}
	logLine("write", outer[1], name[2], size)
	return stream.SendAndClose(&bytestream.WriteResponse{CommittedSize: size})
}
