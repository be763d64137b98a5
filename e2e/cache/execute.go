package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"

	"cloud.google.com/go/longrunning/autogen/longrunningpb"
	repb "github.com/bazelbuild/remote-apis/build/bazel/remote/execution/v2"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/anypb"
)

// nobody runs the commands.
const nobody = 65534

// execution executes actions as strictly as any service might. Inputs come only from the storage, into a fresh tree
// that belongs to root, is read-only, and in which every file is executable. The command runs as nobody without a
// network, with the environment of the Command only, in a root that contains only this tree and /dev/null, and may
// write only to the directories of its outputs.
type execution struct {
	repb.UnimplementedExecutionServer
	actionCache
	slots chan struct{} // for commands that run at the same time
}

// Execute implements repb.ExecutionServer.
func (e *execution) Execute(r *repb.ExecuteRequest, stream repb.Execution_ExecuteServer) error {
	response, err := e.respond(stream.Context(), r)
	if err != nil {
		response = &repb.ExecuteResponse{Status: status.Convert(err).Proto()}
	}
	done, err := anypb.New(response)
	if err != nil {
		return err
	}
	return stream.Send(&longrunningpb.Operation{
		Name: r.ActionDigest.GetHash(), Done: true, Result: &longrunningpb.Operation_Response{Response: done},
	})
}

func (e *execution) respond(ctx context.Context, r *repb.ExecuteRequest) (*repb.ExecuteResponse, error) {
	if !r.SkipCacheLookup {
		known := &repb.GetActionResultRequest{InstanceName: r.InstanceName, ActionDigest: r.ActionDigest}
		if result, err := e.GetActionResult(ctx, known); err == nil {
			return &repb.ExecuteResponse{Result: result, CachedResult: true}, nil
		}
	}
	var action repb.Action
	var command repb.Command
	blobs := blobs{e.store, r.InstanceName}
	if err := errors.Join(blobs.read(r.ActionDigest, &action), blobs.read(action.CommandDigest, &command)); err != nil {
		return nil, err
	}
	e.slots <- struct{}{}
	defer func() { <-e.slots }()
	result, err := blobs.run(ctx, &action, &command)
	if err != nil {
		return nil, err
	}
	logLine("execute", r.InstanceName, r.ActionDigest.GetHash(), result.ExitCode)
	if result.ExitCode == 0 && !action.DoNotCache {
		_, err = e.keep(r.InstanceName, r.ActionDigest.GetHash(), result)
	}
	return &repb.ExecuteResponse{Result: result}, err
}

// run executes the command in a fresh root.
func (b blobs) run(ctx context.Context, action *repb.Action, command *repb.Command) (*repb.ActionResult, error) {
	root, err := os.MkdirTemp(string(b.store), "root")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(root)
	work := filepath.Join(root, "work")
	cwd := filepath.Join("/work", command.WorkingDirectory)
	outputs := outputsOf(command)
	err = errors.Join(
		os.Mkdir(filepath.Join(root, "dev"), 0o755),
		syscall.Mknod(filepath.Join(root, "dev/null"), syscall.S_IFCHR|0o666, 1<<8|3),
		os.Chmod(filepath.Join(root, "dev/null"), 0o666),
		b.extract(action.InputRootDigest, work),
		outputs.prepare(filepath.Join(root, cwd)),
		os.Chmod(root, 0o555),
	)
	if err != nil {
		return nil, err
	}
	if timeout := action.Timeout; timeout != nil {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, timeout.AsDuration())
		defer cancel()
	}
	var stdout, stderr bytes.Buffer
	process := exec.CommandContext(ctx, command.Arguments[0], command.Arguments[1:]...)
	process.Path, process.Err = command.Arguments[0], nil // no look-up on this machine
	process.Dir, process.Env = cwd, make([]string, 0, len(command.EnvironmentVariables))
	for _, variable := range command.EnvironmentVariables {
		process.Env = append(process.Env, variable.Name+"="+variable.Value)
	}
	process.Stdout, process.Stderr = &stdout, &stderr
	process.SysProcAttr = &syscall.SysProcAttr{
		Chroot:     root,
		Cloneflags: syscall.CLONE_NEWNET,
		Credential: &syscall.Credential{Uid: nobody, Gid: nobody},
	}
	var exit *exec.ExitError
	if err := process.Run(); err != nil && !errors.As(err, &exit) {
		return nil, status.Errorf(codes.FailedPrecondition, "%q: %v", command.Arguments, err)
	}
	result := &repb.ActionResult{
		ExitCode:  int32(process.ProcessState.ExitCode()),
		StdoutRaw: stdout.Bytes(),
		StderrRaw: stderr.Bytes(),
	}
	return result, b.collect(filepath.Join(root, cwd), outputs, result)
}

// blobs are the blobs of an instance.
type blobs struct {
	store
	instance string
}

// read reads a message.
func (b blobs) read(d *repb.Digest, message proto.Message) error {
	data, err := os.ReadFile(b.path(b.instance, "cas", d.GetHash()))
	if err != nil {
		return status.Errorf(codes.FailedPrecondition, "missing blob %s: %v", d.GetHash(), err)
	}
	return proto.Unmarshal(data, message)
}

// write stores data, and returns its digest.
func (b blobs) write(data []byte) (*repb.Digest, error) {
	d := digestOf(data)
	path := b.path(b.instance, "cas", d.Hash)
	file, err := b.create(path)
	if err != nil {
		return nil, err
	}
	if _, err := file.Write(data); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return d, put(file, path)
}
