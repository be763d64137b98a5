package layer

import (
	"sync"

	"github.com/rules-strata/rules_strata/tools/internal/layer/source"
)

// programs records the architectures for which a layer has machine code. The zero value is ready to use; nil records
// nothing.
type programs struct {
	mutex sync.Mutex
	// paths has, for each architecture (a GOARCH value), the path of a file with code for it: the first one in byte order,
	// whatever the order in which files are read.
	paths map[string]string
}

// note records the file at path, which begins with start.
func (p *programs) note(path string, start []byte) {
	architecture := source.Architecture(start)
	if architecture == "" {
		return
	}
	p.mutex.Lock()
	defer p.mutex.Unlock()
	if p.paths == nil {
		p.paths = make(map[string]string)
	}
	if first, ok := p.paths[architecture]; !ok || path < first {
		p.paths[architecture] = path
	}
}
