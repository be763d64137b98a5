package layer

import (
	"maps"
	"strings"
	"sync"

	"github.com/rules-strata/rules_strata/tools/internal/layer/source"
	"github.com/rules-strata/rules_strata/tools/internal/layer/tree"
)

// programs records the architectures for which a layer has machine code, and its programs. The zero value is ready to use.
type programs struct {
	mutex sync.Mutex
	// paths has, for each architecture (a GOARCH value), the path of a file with code for it: the first one in byte order,
	// whatever the order in which files are read.
	paths map[string]string
	// interpreters has the interpreter of each program, by path.
	interpreters map[string]string
}

// note records the file e, which begins with start.
func (p *programs) note(e *tree.Entry, start []byte) error {
	isProgram := source.Executable(start)
	if e.Mode.Known() {
		isProgram = e.Mode.Bits()&0o111 != 0
	}
	if isProgram {
		if err := p.noteProgram(e); err != nil {
			return err
		}
	}
	if architecture := source.Architecture(start); architecture != "" {
		p.noteCode(architecture, e.Path)
	}
	return nil
}

func (p *programs) noteProgram(e *tree.Entry) error {
	// The buffer with the file's beginning may be too short.
	r, _, err := e.Content.Open()
	if err != nil {
		return err
	}
	defer r.Close()
	interpreter, err := source.Interpreter(r)
	if err != nil {
		return err
	}
	p.mutex.Lock()
	defer p.mutex.Unlock()
	if p.interpreters == nil {
		p.interpreters = make(map[string]string)
	}
	p.interpreters[e.Path] = interpreter
	return nil
}

func (p *programs) noteCode(architecture, path string) {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	if p.paths == nil {
		p.paths = make(map[string]string)
	}
	if first, ok := p.paths[architecture]; !ok || path < first {
		p.paths[architecture] = path
	}
}

// launchers returns the interpreter of each program among the entries, including further names of a program. It is not nil.
func (p *programs) launchers(entries []*tree.Entry) map[string]string {
	all := make(map[string]string, len(p.interpreters))
	maps.Copy(all, p.interpreters)
	for _, e := range entries {
		if e.Kind != tree.Hardlink {
			continue
		}
		if interpreter, ok := all["/"+strings.Trim(e.Target, "/")]; ok {
			all[e.Path] = interpreter
		}
	}
	return all
}
