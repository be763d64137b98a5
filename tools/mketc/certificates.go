package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/rules-strata/rules_strata/tools/internal/cli"
	"github.com/rules-strata/rules_strata/tools/internal/cli/imageflags"
	"github.com/rules-strata/rules_strata/tools/internal/layer/certificates"
	"github.com/rules-strata/rules_strata/tools/internal/layer/deb"
	"github.com/rules-strata/rules_strata/tools/internal/layer/tree"
)

var certificatesCommand = cli.Command{
	Name:    "certificates",
	Summary: "write the directory in which TLS libraries look for certificate authorities",
	Details: `
A --file is a certificate in DER, any number of them in PEM, or a Debian package: its certificates are the .crt files below
/usr/share/ca-certificates and /usr/local/share/ca-certificates, in the order of their paths.`,
	Required: []string{"output"},
	New:      newCertificates,
}

// authorities is a parsed command line.
type authorities struct {
	files  cli.Strings
	base   *imageflags.Flags
	output string
}

func newCertificates(flags *flag.FlagSet) cli.Work {
	a := authorities{base: imageflags.Declare(flags)}
	flags.Var(&a.files, "file", "`file` with certificates")
	flags.StringVar(&a.output, "output", "", "`file` to write the tar to")
	return func(ctx context.Context, _ cli.Streams) error { return a.run(ctx) }
}

func (a *authorities) run(ctx context.Context) error {
	from, err := readBase(ctx, a.base)
	if err != nil {
		return err
	}
	at, bundle, err := from.read(ctx, certificates.Bundle, certificates.MaxSize)
	if err != nil {
		return err
	}
	if from != nil && bundle == nil {
		return cli.Hint(fmt.Errorf("base image: it has no %s", certificates.Bundle),
			"without a base, the layer has only the certificates that are listed")
	}
	names, err := from.names(certificates.Dir)
	if err != nil {
		return err
	}
	store := certificates.NewStore(bundle, names)
	for _, path := range a.files {
		if err := add(ctx, store, path, filepath.Dir(a.output)); err != nil {
			return err
		}
	}
	var entries []tree.Entry
	for path, text := range store.Files() {
		e := file(path, 0o644, []byte(text))
		if path == certificates.Bundle && bundle != nil {
			e = entry(at, []byte(text))
		}
		entries = append(entries, e)
	}
	for path, target := range store.Links() {
		entries = append(entries, tree.Entry{Path: path, Kind: tree.Symlink, Target: target, Origin: path})
	}
	return write(ctx, a.output, entries)
}

// debMagic begins a Debian package, which is an ar archive.
const debMagic = "!<arch>\n"

// add adds the certificates of a file. scratch is a directory for unpacked files.
func add(ctx context.Context, store *certificates.Store, path, scratch string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	data, err := readAll(f)
	if strings.HasPrefix(string(data), debMagic) {
		return addPackage(ctx, store, path, scratch)
	}
	if err == nil {
		err = parse(store, path, data)
	}
	return named(path, err)
}

func parse(store *certificates.Store, path string, data []byte) error {
	all, err := certificates.Parse(data)
	if err == nil {
		store.Add(path, all)
	}
	return err
}

// named adds the name of a file to an error that lacks it.
func named(path string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s: %w", path, err)
}

// readAll reads a file with certificates. Some data is returned even if the file is too long.
func readAll(r io.Reader) ([]byte, error) {
	data, err := io.ReadAll(io.LimitReader(r, certificates.MaxSize+1))
	if err == nil && len(data) > certificates.MaxSize {
		err = fmt.Errorf("more than %d bytes, expected certificates", certificates.MaxSize)
	}
	return data, err
}

// shares are the directories of packages that have certificates.
var shares = []string{"/usr/share/ca-certificates/", "/usr/local/share/ca-certificates/"}

func addPackage(ctx context.Context, store *certificates.Store, path, scratch string) error {
	p, err := deb.Open(ctx, path, scratch)
	if err != nil {
		return err
	}
	defer p.Close()
	all, err := p.Read()
	if err != nil {
		return err
	}
	entries := slices.DeleteFunc(all, func(e *tree.Entry) bool {
		return e.Kind != tree.File || e.Content == nil || !strings.HasSuffix(e.Path, ".crt") ||
			!slices.ContainsFunc(shares, func(dir string) bool { return strings.HasPrefix(e.Path, dir) })
	})
	if len(entries) == 0 {
		return named(path, errors.New("the package has no .crt file below "+strings.Join(shares, " or ")))
	}
	slices.SortFunc(entries, func(a, b *tree.Entry) int { return strings.Compare(a.Path, b.Path) })
	for _, e := range entries {
		if err := addEntry(store, e); err != nil {
			return named(path+":"+e.Path, err)
		}
	}
	return nil
}

func addEntry(store *certificates.Store, e *tree.Entry) error {
	r, _, err := e.Content.Open()
	if err != nil {
		return err
	}
	defer r.Close()
	data, err := readAll(r)
	if err != nil {
		return err
	}
	return parse(store, e.Path, data)
}
