package ext4

import "math/bits"

// run is a number of consecutive blocks.
type run struct{ start, count int64 }

// allocator hands out blocks from the first to the last. It leaves out the copies of the superblock and of the group
// descriptors that some groups start with.
type allocator struct {
	blocks  int64   // how many the file system has
	groups  int64   // likewise
	tables  int64   // blocks of group descriptors
	backups []int64 // groups with copies, except the first group
	next    int64   // the first block that is neither used nor left out
	gaps    []run   // blocks before next that were left out and are free
}

// newAllocator returns an allocator whose first blocks, for the superblock and the group descriptors, are used.
func newAllocator(blocks, groups int64) *allocator {
	a := &allocator{blocks: blocks, groups: groups, tables: tablesOf(groups)}
	for g := int64(1); g < groups; g++ {
		if g == 1 || isPower(g, 3) || isPower(g, 5) || isPower(g, 7) {
			a.backups = append(a.backups, g)
		}
	}
	a.next = 1 + a.tables
	return a
}

// isPower reports whether n is a power of base.
func isPower(n, base int64) bool {
	for n%base == 0 {
		n /= base
	}
	return n == 1
}

// room returns how many blocks are free from next on, after it has skipped copies there.
func (a *allocator) room() int64 {
	for _, g := range a.backups {
		start := g * blocksPerGroup
		switch end := start + 1 + a.tables; {
		case a.next < start:
			return start - a.next
		case a.next < end:
			a.next = end
		}
	}
	return 1 << 62
}

// row returns the first of count consecutive blocks.
func (a *allocator) row(count int64) int64 {
	for room := a.room(); room < count; room = a.room() {
		a.gaps = append(a.gaps, run{a.next, room})
		a.next += room
	}
	a.next += count
	return a.next - count
}

// take returns count blocks, in as few runs as possible.
func (a *allocator) take(count int64) []run {
	var runs []run
	for count > 0 {
		n := min(a.room(), count)
		runs = append(runs, run{a.next, n})
		a.next, count = a.next+n, count-n
	}
	return runs
}

// used calls use for each run of used blocks, in no particular order. Runs may overlap.
func (a *allocator) used(use func(run)) {
	start := int64(0)
	for _, gap := range a.gaps {
		use(run{start, gap.start - start})
		start = gap.start + gap.count
	}
	use(run{start, a.next - start})
	for _, g := range a.backups {
		use(run{g * blocksPerGroup, 1 + a.tables})
	}
}

// countZeros counts the bits that are 0.
func countZeros(b []byte) (n int64) {
	for _, c := range b {
		n += int64(bits.OnesCount8(^c))
	}
	return n
}
