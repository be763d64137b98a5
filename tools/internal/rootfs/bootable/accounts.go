package bootable

import (
	"context"
	"fmt"
	"io"

	"github.com/rules-strata/rules_strata/tools/internal/layer/tree"
	"github.com/rules-strata/rules_strata/tools/internal/rootfs"
	"github.com/rules-strata/rules_strata/tools/internal/rootfs/guest"
)

// Accounts reads the files of an image that list its users and groups, in one pass over the layers that contain them.
func Accounts(ctx context.Context, fs *rootfs.FileSystem) (guest.Accounts, error) {
	var accounts guest.Accounts
	files := make(map[*rootfs.File][]*[]byte) // two for hard links
	for path, into := range map[string]*[]byte{"/etc/passwd": &accounts.Passwd, "/etc/group": &accounts.Group} {
		f, err := fs.Lookup(path)
		switch {
		case err != nil:
			return guest.Accounts{}, fmt.Errorf("%s: %w", path, err)
		case f == nil:
		case f.Kind != tree.File:
			return guest.Accounts{}, fmt.Errorf("%s: it is a %s, not a file", path, f.Kind)
		case f.Size > guest.MaxAccounts:
			return guest.Accounts{}, fmt.Errorf("%s: it has %d bytes, the limit is %d", path, f.Size, guest.MaxAccounts)
		default:
			files[f] = append(files[f], into)
		}
	}
	want := func(f *rootfs.File) bool { return files[f] != nil }
	err := fs.Contents(ctx, want, func(f *rootfs.File, r io.Reader) error {
		data, err := io.ReadAll(r)
		for _, into := range files[f] {
			*into = data
		}
		return err
	})
	if err != nil {
		return guest.Accounts{}, err
	}
	return accounts, nil
}
