package main

import (
	"fmt"
	"strings"

	"github.com/bazelbuild/buildtools/build"
)

// bundle takes the dictionary NAME -> image of a container_bundle over.
func bundle(c *call, a *attr) {
	c.rename(a, "images")
	for _, entry := range entries(a.value) {
		c.variables(entry.Key)
		c.need(a.name, entry.Value)
	}
	// The images of a variable are those of the calls that use it.
	if name, ok := a.value.(*build.Ident); ok && c.scope == nil {
		for _, value := range c.file.flowsTo(name.Name) {
			for _, entry := range entries(value) {
				c.variables(entry.Key)
			}
		}
	}
}

// flowsTo returns the values whose entries a global dictionary has: its own, and those of other variables that the file adds
// to it.
func (f *file) flowsTo(name string) []build.Expr {
	var all []build.Expr
	seen := map[string]bool{}
	var add func(name string)
	value := func(x build.Expr) {
		all = append(all, x)
		build.Walk(x, func(x build.Expr, stack []build.Expr) {
			if len(stack) == 0 {
				return
			}
			if call, ok := stack[len(stack)-1].(*build.CallExpr); ok && call.X != x {
				if other, ok := x.(*build.Ident); ok {
					add(other.Name)
				} else if dict, ok := x.(*build.DictExpr); ok {
					all = append(all, dict)
				}
			}
		})
	}
	add = func(name string) {
		if seen[name] {
			return
		}
		seen[name] = true
		if x := f.values[name]; x != nil {
			if other, ok := x.(*build.Ident); ok {
				add(other.Name)
			}
			value(x)
		}
		for _, c := range f.calls {
			if method, ok := c.expr.X.(*build.DotExpr); ok && method.Name == "update" && isNamed(method.X, name) {
				for _, arg := range c.expr.List {
					if other, ok := arg.(*build.Ident); ok {
						add(other.Name)
					} else {
						value(arg)
					}
				}
			}
		}
	}
	add(name)
	return all
}

// entries returns the entries of a dictionary that a call shows.
func entries(x build.Expr) []*build.KeyValueExpr {
	switch x := x.(type) {
	case *build.DictExpr:
		return x.List
	case *build.BinaryExpr:
		return append(append([]*build.KeyValueExpr{}, entries(x.X)...), entries(x.Y)...)
	case *build.Comprehension:
		if entry, ok := x.Body.(*build.KeyValueExpr); ok && x.Curly {
			return []*build.KeyValueExpr{entry}
		}
	}
	return nil
}

// bundled is what a docker_push pushes: the images of a variable, or those of destinations.
type bundled struct {
	images       string
	destinations []destination
}

// destination is an image_push for images of a bundle that have the same repository. Its texts are Starlark.
type destination struct {
	image            build.Expr
	repository, tags string
}

// resolveBundle finds out what a docker_push pushes: the images of a container_bundle, by their names.
func resolveBundle(c *call, ref *reference) *call {
	target := c.file.workspace.targets[ref.key]
	if target == nil || !target.rule.is("container_bundle") || target.file != c.file || target.scope != c.scope {
		c.refuse(ref.attr, "unknown-target", "the container_bundle is not in this file", "write an image_push for each image, and an image_push_all")
		return nil
	}
	pushed := &bundled{}
	c.own = pushed
	switch images := target.attr("images"); {
	case images == nil:
	case isVariable(images.value):
		pushed.images = c.file.source(images.value)
	default:
		if dict, ok := images.value.(*build.DictExpr); ok {
			for _, entry := range dict.List {
				pushed.add(c, entry)
			}
		}
	}
	if len(pushed.destinations) == 0 && pushed.images == "" {
		c.refuse(ref.attr, "not-literal", "the images and their names are not in a dictionary", "write an image_push for each image, and an image_push_all")
	}
	return target
}

func isVariable(x build.Expr) bool {
	_, ok := x.(*build.Ident)
	return ok
}

func (b *bundled) add(c *call, entry *build.KeyValueExpr) {
	image := entry.Value
	s, literal := entry.Key.(*build.StringExpr)
	if !literal {
		probe := &call{file: c.file, rule: c.rule}
		probe.variables(entry.Key)
		name := "(" + probe.take(entry.Key) + ")"
		b.destinations = append(b.destinations, destination{image, name + `.rpartition(":")[0]`, name + `.rpartition(":")[2]`})
		return
	}
	repository, tag := s.Value, "latest"
	if at := strings.LastIndexByte(repository, ':'); at > strings.LastIndexByte(repository, '/') {
		repository, tag = repository[:at], repository[at+1:]
	}
	repository, tag = fmt.Sprintf("%q", variables(repository)), fmt.Sprintf("%q", variables(tag))
	for i := range b.destinations {
		if d := &b.destinations[i]; d.repository == repository && c.file.source(d.image) == c.file.source(image) {
			d.tags += ", " + tag
			return
		}
	}
	b.destinations = append(b.destinations, destination{image, repository, tag})
}

// providePushes writes the image_push targets of an image_push_all.
func providePushes(c *call) {
	pushed, ok := c.own.(*bundled)
	if !ok {
		return
	}
	a := c.attr("bundle")
	c.rename(a, "pushes")
	if pushed.images != "" {
		// One for each entry of a variable.
		name := c.freeName("_push")
		c.generate("image_push", name+` + "%d" % i`, []setting{
			{"image", "image"}, {"repository", `tag.rpartition(":")[0]`}, {"remote_tags", `[tag.rpartition(":")[2]]`},
		})
		last := &c.made[len(c.made)-1]
		last.text = "[\n    " + indented(last.text, "    ") + "\n    for i, (tag, image) in enumerate(" + pushed.images + ".items())\n]"
		c.set(a, "["+c.ref(name)+` + "%d" % i for i in range(len(`+pushed.images+"))]")
		return
	}
	var names []string
	for _, d := range pushed.destinations {
		name := c.freeName("_push")
		names = append(names, c.ref(name))
		image := c.file.workspace.sources[d.image]
		if image == "" {
			image = c.file.source(d.image)
		}
		c.generate("image_push", name, []setting{{"image", image}, {"repository", d.repository}, {"remote_tags", "[" + d.tags + "]"}})
	}
	c.set(a, "["+strings.Join(names, ", ")+"]")
}
