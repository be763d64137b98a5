package structure

import (
	"cmp"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

// MaxSize is the size of the largest file that Parse reads, in bytes.
const MaxSize = 4 << 20

// Parse parses the contents of a file. Its name is for messages; a name that ends with ".json" is a JSON file.
func Parse(name string, data []byte) (*File, error) {
	d := decoder{file: name}
	if len(data) > MaxSize {
		return nil, fmt.Errorf("%s: larger than %d bytes", name, MaxSize)
	}
	root, err := d.document(data, strings.HasSuffix(name, ".json"))
	if err != nil {
		return nil, err
	}
	return d.structure(root)
}

func (d *decoder) structure(root *yaml.Node) (*File, error) {
	f := &File{Name: d.file}
	version := ""
	err := d.object(root, fields{
		"schemaVersion":       d.text(&version),
		"globalEnvVars":       d.variables(&f.Globals),
		"commandTests":        list(d, &f.Commands, d.command),
		"fileExistenceTests":  list(d, &f.Exists, d.existence),
		"fileContentTests":    list(d, &f.Contents, d.content),
		"metadataTest":        func(n *yaml.Node) error { return d.metadata(n, &f.Metadata) },
		"licenseTests":        list(d, &f.Licenses, d.license),
		"containerRunOptions": func(n *yaml.Node) error { return d.options(n, &f.Options) },
	})
	switch {
	case err != nil:
		return nil, err
	case version == "":
		return nil, d.fail(root, `schemaVersion is missing; expected "2.0.0"`)
	case version != "2.0.0":
		return nil, d.fail(root, "schemaVersion is %q; only 2.0.0 is supported", version)
	case f.isEmpty():
		return nil, d.fail(root, "the file has no tests")
	}
	return f, nil
}

func (f *File) isEmpty() bool {
	m := f.Metadata
	return len(f.Commands)+len(f.Exists)+len(f.Contents)+len(f.Licenses) == 0 &&
		len(m.Env)+len(m.Labels)+len(m.Unbound)+len(m.Ports)+len(m.UnexposedPorts)+len(m.Volumes)+len(m.UnmountedVolumes) == 0 &&
		m.Entrypoint == nil && m.Cmd == nil && m.Workdir.Value == "" && m.User.Value == ""
}

func (d *decoder) command(n *yaml.Node) (Command, error) {
	c := Command{Line: n.Line}
	command, args := "", []string(nil)
	err := d.object(n, fields{
		"name":           d.text(&c.Name),
		"setup":          list(d, &c.Setup, d.words),
		"teardown":       list(d, &c.Teardown, d.words),
		"envVars":        d.variables(&c.Env),
		"command":        d.text(&command),
		"args":           list(d, &args, d.value),
		"exitCode":       d.integer(&c.ExitCode),
		"expectedOutput": list(d, &c.Output.Expected, d.regexp),
		"excludedOutput": list(d, &c.Output.Excluded, d.regexp),
		"expectedError":  list(d, &c.Error.Expected, d.regexp),
		"excludedError":  list(d, &c.Error.Excluded, d.regexp),
	})
	c.Args = append([]string{command}, args...)
	return c, cmp.Or(err, d.required(n, "name", c.Name), d.required(n, "command", command))
}

func (d *decoder) existence(n *yaml.Node) (Existence, error) {
	e := Existence{Line: n.Line, Exists: true, UID: -1, GID: -1}
	err := d.object(n, fields{
		"name":        d.text(&e.Name),
		"path":        d.text(&e.Path),
		"shouldExist": d.boolean(&e.Exists),
		"permissions": d.text(&e.Permissions),
		"uid":         d.integer(&e.UID),
		"gid":         d.integer(&e.GID),
		"isExecutableBy": func(n *yaml.Node) error {
			if err := d.text(&e.ExecutableBy)(n); err != nil {
				return err
			}
			if !slices.Contains([]string{"", "owner", "group", "other", "any"}, e.ExecutableBy) {
				return d.fail(n, "isExecutableBy is %q; expected owner, group, other or any", e.ExecutableBy)
			}
			return nil
		},
	})
	return e, cmp.Or(err, d.required(n, "name", e.Name), d.required(n, "path", e.Path))
}

func (d *decoder) content(n *yaml.Node) (Content, error) {
	c := Content{Line: n.Line}
	err := d.object(n, fields{
		"name":             d.text(&c.Name),
		"path":             d.text(&c.Path),
		"expectedContents": list(d, &c.Expected, d.regexp),
		"excludedContents": list(d, &c.Excluded, d.regexp),
	})
	return c, cmp.Or(err, d.required(n, "name", c.Name), d.required(n, "path", c.Path))
}

func (d *decoder) metadata(n *yaml.Node, m *Metadata) error {
	return d.object(n, fields{
		"env":              list(d, &m.Env, d.pattern),
		"envVars":          list(d, &m.Env, d.pattern),
		"unboundEnvVars":   list(d, &m.Unbound, d.key),
		"labels":           list(d, &m.Labels, d.pattern),
		"exposedPorts":     list(d, &m.Ports, d.item),
		"unexposedPorts":   list(d, &m.UnexposedPorts, d.item),
		"volumes":          list(d, &m.Volumes, d.item),
		"unmountedVolumes": list(d, &m.UnmountedVolumes, d.item),
		"entrypoint":       d.list(&m.Entrypoint),
		"cmd":              d.list(&m.Cmd),
		"workdir":          d.itemOrEmpty(&m.Workdir),
		"user":             d.itemOrEmpty(&m.User),
	})
}

func (d *decoder) license(n *yaml.Node) (License, error) {
	l := License{Line: n.Line}
	err := d.object(n, fields{"debian": d.boolean(&l.Debian), "files": list(d, &l.Files, d.item)})
	if err == nil && !l.Debian && len(l.Files) == 0 {
		err = d.fail(n, "the test checks nothing: set debian or files")
	}
	return l, err
}

func (d *decoder) options(n *yaml.Node, o *Options) error {
	o.Line = n.Line
	return d.object(n, fields{
		"user":         d.text(&o.User),
		"privileged":   d.boolean(&o.Privileged),
		"allocateTty":  d.boolean(&o.TTY),
		"envVars":      list(d, &o.Env, d.value),
		"envFile":      d.text(&o.EnvFile),
		"capabilities": list(d, &o.Capabilities, d.value),
		"bindMounts":   list(d, &o.Mounts, d.value),
	})
}

// variables decodes a list of objects with a key and a value.
func (d *decoder) variables(to *[]Variable) func(*yaml.Node) error {
	return list(d, to, func(n *yaml.Node) (Variable, error) {
		p, err := d.pattern(n)
		if err == nil && p.Regexp != nil {
			err = d.fail(n, "isRegex is for expected values; this sets the variable %s", p.Key)
		}
		return Variable{p.Key, p.Value}, err
	})
}

func (d *decoder) pattern(n *yaml.Node) (Pattern, error) {
	p := Pattern{Line: n.Line}
	isRegexp := false
	err := d.object(n, fields{
		"key": d.text(&p.Key), "value": d.text(&p.Value), "isRegex": d.boolean(&isRegexp),
	})
	if err = cmp.Or(err, d.required(n, "key", p.Key)); err == nil && isRegexp {
		p.Regexp, err = d.compile(n, p.Value)
	}
	return p, err
}

// key decodes an element of unboundEnvVars, whose value is ignored.
func (d *decoder) key(n *yaml.Node) (Item, error) {
	p, err := d.pattern(n)
	return Item{n.Line, p.Key}, err
}

// words decodes a command of setup or teardown.
func (d *decoder) words(n *yaml.Node) ([]string, error) {
	var words []string
	err := list(d, &words, d.value)(n)
	if err == nil && len(words) == 0 {
		err = d.fail(n, "the command is empty")
	}
	return words, err
}

// list decodes a list for which an empty one differs from none.
func (d *decoder) list(to **List) func(*yaml.Node) error {
	return func(n *yaml.Node) error {
		if isNull(n) {
			return nil
		}
		l := &List{Line: n.Line}
		*to = l
		return list(d, &l.Values, d.value)(n)
	}
}

func (d *decoder) itemOrEmpty(to *Item) func(*yaml.Node) error {
	return func(n *yaml.Node) error {
		to.Line = n.Line
		return d.text(&to.Value)(n)
	}
}

func (d *decoder) item(n *yaml.Node) (Item, error) {
	value, err := d.value(n)
	if err == nil && value == "" {
		err = d.fail(n, "the value is empty")
	}
	return Item{n.Line, value}, err
}

func (d *decoder) value(n *yaml.Node) (value string, err error) {
	err = d.text(&value)(n)
	return value, err
}

func (d *decoder) regexp(n *yaml.Node) (*regexp.Regexp, error) {
	text, err := d.value(n)
	if err != nil {
		return nil, err
	}
	return d.compile(n, text)
}

func (d *decoder) compile(n *yaml.Node, text string) (*regexp.Regexp, error) {
	re, err := regexp.Compile(text)
	if err != nil {
		return nil, d.fail(n, "%v", err)
	}
	return re, nil
}

func (d *decoder) required(n *yaml.Node, key, value string) error {
	if value == "" {
		return d.fail(n, "%s is missing or empty", key)
	}
	return nil
}

// names returns the keys of an object that d accepts, for messages.
func (f fields) names() string { return strings.Join(slices.Sorted(maps.Keys(f)), ", ") }
