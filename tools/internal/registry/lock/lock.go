// Package lock maintains a lock file: it adds, updates and removes images, and verifies that registries still have them.
//
// It holds the file's lock only while it reads, changes and writes the file. All requests to registries come before that,
// so no command waits for the registry of another one. What another command has changed in the meantime is never undone.
//
// Non-goals: the format of the file (package lockfile), what of an image is pinned (package pin), command lines.
package lock

import (
	"context"
	"fmt"
	"slices"

	"github.com/rules-strata/rules_strata/tools/internal/image/lockfile"
	"github.com/rules-strata/rules_strata/tools/internal/message"
	"github.com/rules-strata/rules_strata/tools/internal/oci/content"
	"github.com/rules-strata/rules_strata/tools/internal/registry"
	"github.com/rules-strata/rules_strata/tools/internal/registry/pin"
)

// Keeper maintains one lock file.
type Keeper struct {
	// Path is the path of the file.
	Path string
	// Client connects to registries. Remove needs none.
	Client *registry.Client
	// Watch returns a source that shows the progress of reading layers from another one. Nil shows nothing.
	Watch func(content.Source) content.Source
}

// Add pins an image under a name that must be new, and returns it. It creates the lock file if it does not exist.
func (k Keeper) Add(ctx context.Context, name string, want pin.Want) (lockfile.Image, error) {
	f, err := lockfile.ReadOrNew(k.Path)
	if err == nil {
		err = checkNew(f, name)
	}
	if err != nil {
		return lockfile.Image{}, err
	}
	p, err := k.pin(ctx, name, want, lockfile.Image{})
	if err != nil {
		return lockfile.Image{}, err
	}
	err = lockfile.Change(ctx, k.Path, func(now *lockfile.File) error {
		if err := checkNew(now, name); err != nil {
			return err
		}
		p.put(now)
		return nil
	})
	return p.image, err
}

// checkNew returns an error if the lock file already contains the image.
func checkNew(f *lockfile.File, name string) error {
	if _, known := f.Images[name]; !known {
		return nil
	}
	return message.Hint(fmt.Errorf("image %q is already in the lock file", name),
		"\"lock update %s\" pins the current image of its tag; \"lock remove %[1]s\" removes it", name)
}

// Update is an image that was pinned again.
type Update struct {
	Name          string
	Before, After lockfile.Image
}

// Update pins the images with the names again, or all images if there are no names. The file changes only if all of them
// can be pinned. If noShape is set, the shapes of layers are no longer recorded.
func (k Keeper) Update(ctx context.Context, names []string, noShape bool) ([]Update, error) {
	f, err := lockfile.Read(k.Path)
	if err != nil {
		return nil, err
	}
	if names, err = f.Names(names); err != nil {
		return nil, err
	}
	var all []pinned
	for _, name := range names {
		image := f.Images[name]
		want, err := again(image)
		if err != nil {
			return nil, err
		}
		want.NoShape = image.NoShape || noShape
		p, err := k.pin(ctx, name, want, image)
		if err != nil {
			return nil, err
		}
		all = append(all, p)
	}
	var updates []Update
	err = lockfile.Change(ctx, k.Path, func(now *lockfile.File) error {
		for _, p := range all {
			before := now.Images[p.name]
			if !sameRequest(before, f.Images[p.name]) {
				return message.Hint(fmt.Errorf("image %s: another command has changed or removed it in the meantime", p.name),
					"nothing was written; run \"lock update\" again")
			}
			updates = append(updates, Update{p.name, before, p.image})
			p.put(now)
		}
		return nil
	})
	return updates, err
}

// sameRequest reports whether two images were pinned with the same reference, platforms, mirrors and shape setting.
func sameRequest(a, b lockfile.Image) bool {
	return a.Reference == b.Reference && a.NoShape == b.NoShape && slices.Equal(a.Mirrors, b.Mirrors) &&
		slices.Equal(a.PlatformNames(), b.PlatformNames())
}

// Remove removes the images with the names.
func (k Keeper) Remove(ctx context.Context, names []string) error {
	if _, err := lockfile.Read(k.Path); err != nil || len(names) == 0 { // Change would create the file.
		return err
	}
	return lockfile.Change(ctx, k.Path, func(f *lockfile.File) error {
		names, err := f.Names(names)
		for _, name := range names {
			delete(f.Images, name)
		}
		return err
	})
}
