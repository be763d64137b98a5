package squashfs

import (
	"sync"
	"sync/atomic"
)

// plainBlock marks the size of a block of contents that is stored uncompressed.
const plainBlock = 1 << 24

// pool compresses blocks on several processors, and passes them on in the order in which they were sent. One goroutine may
// use it, and must end it with wait.
type pool struct {
	emit    func(data []byte, size uint32, to *spooled) error
	free    chan *job
	jobs    chan *job
	ordered chan *job
	ended   sync.WaitGroup
	failed  atomic.Pointer[error]
}

// job is a block on its way through a pool.
type job struct {
	block  []byte
	packed []byte
	size   uint32 // of the packed form, as inodes state it
	to     *spooled
	ready  chan struct{}
}

// newPool returns a pool with these packers. emit is called by one goroutine with each packed block, its size as inodes
// state it, and what send was called with.
func newPool(packers []packer, emit func(data []byte, size uint32, to *spooled) error) *pool {
	limit := len(packers) + 3 // as in package compress
	p := &pool{emit: emit, free: make(chan *job, limit), jobs: make(chan *job, limit), ordered: make(chan *job, limit)}
	for range limit {
		p.free <- &job{ready: make(chan struct{}, 1)}
	}
	for _, pack := range packers {
		p.ended.Go(func() { p.work(pack) })
	}
	p.ended.Go(p.pass)
	return p
}

// next returns an unused job, whose block is to be filled and sent.
func (p *pool) next() *job {
	j := <-p.free
	if j.block == nil {
		j.block = make([]byte, 0, blockSize)
	}
	j.block = j.block[:0]
	return j
}

// send compresses the block of a job.
func (p *pool) send(j *job, to *spooled) {
	j.to = to
	p.ordered <- j
	p.jobs <- j
}

func (p *pool) work(pack packer) {
	for j := range p.jobs {
		data, plain := pack(j.block)
		j.packed = append(j.packed[:0], data...)
		j.size = uint32(len(data))
		if plain {
			j.size |= plainBlock
		}
		j.ready <- struct{}{}
	}
}

// pass passes on the blocks.
func (p *pool) pass() {
	for j := range p.ordered {
		<-j.ready
		if p.failed.Load() == nil {
			if err := p.emit(j.packed, j.size, j.to); err != nil {
				p.failed.Store(&err)
			}
		}
		p.free <- j
	}
}

// wait waits until all blocks have been passed on. The pool cannot be used afterwards.
func (p *pool) wait() error {
	close(p.jobs)
	close(p.ordered)
	p.ended.Wait()
	return p.err()
}

// err returns the error of emit.
func (p *pool) err() error {
	if err := p.failed.Load(); err != nil {
		return *err
	}
	return nil
}

// unused returns a job that next returned and that is not sent.
func (p *pool) unused(j *job) { p.free <- j }
