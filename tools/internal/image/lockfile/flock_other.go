//go:build !(darwin || dragonfly || freebsd || linux || netbsd || openbsd)

package lockfile

import "os"

// tryLock reports that f is locked. This system has no lock that would end with the process.
func tryLock(*os.File) bool { return true }
