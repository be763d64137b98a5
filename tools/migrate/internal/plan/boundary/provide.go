package boundary

import (
	"fmt"
	"path"
	"strings"

	"github.com/bazelbuild/buildtools/build"

	"github.com/rules-strata/rules_strata/tools/migrate/internal/model"
	"github.com/rules-strata/rules_strata/tools/migrate/internal/starlark/edit"
)

// ProvideFiles writes targets with the files that other rules use, and makes these rules use them.
func (b *Boundary) ProvideFiles(c *model.Call) {
	if !b.IsNeeded(c) {
		return
	}
	if c.Rule.Role == model.Program {
		archive := c.FreeName("_archive")
		own := model.Settings{"visibility": c.SourceOf("visibility")}
		for name, text := range c.Settings() {
			if name == "image" || strings.HasPrefix(name, "repo_tags") {
				own[name] = text
			}
		}
		c.Generate("image_archive", archive, own)
		for _, u := range b.files[c] {
			provide(c, u, archive)
		}
		return
	}
	made := map[string]string{} // by what they are of
	for _, u := range b.files[c] {
		if name, _ := c.Text("name"); u.Digest {
			provide(c, u, fmt.Sprintf("%q", name+".digest"))
			continue
		}
		image, key := c.Ref(c.File.Source(c.Attr("name").Value)), u.Forwarder
		if u.Forwarder != "" {
			image = fmt.Sprintf("%q", u.Forwarder)
		}
		if made[key] == "" {
			if c.Rule.Role != model.Layer {
				made[key] = c.FreeName("_archive")
				c.Generate("image_archive", made[key], model.Settings{"image": image, "repo_tags": loadedName(c), "visibility": c.SourceOf("visibility")})
			}
		}
		if u.Adapted {
			archive := made[key]
			if key += " adapter"; made[key] == "" {
				made[key] = adapt(c, archive)
			}
		} else if u.Group() == "" && !u.Archive {
			archive := made[key]
			if key += " layout"; made[key] == "" {
				made[key] = c.FreeName("_layout")
				c.Generate("filegroup", made[key], model.Settings{"srcs": "[" + c.Ref(archive) + "]", "output_group": `"oci_layout"`, "visibility": c.SourceOf("visibility")})
			}
		}
		provide(c, u, made[key])
	}
}

// loadedName returns the names that an archive of rules_docker has when it is loaded.
func loadedName(c *model.Call) string {
	name, literal := c.Text("name")
	if !literal || c.Rule.Ruleset != "rules_docker" || c.Scope != nil {
		return ""
	}
	return fmt.Sprintf("[%q]", path.Join("bazel", c.File.Pkg())+":"+name)
}

// provide makes a rule use other files.
func provide(c *model.Call, u Use, name string) {
	text := c.Ref(name)
	if u.File != c.File {
		text = fmt.Sprintf("%q", c.File.Label(strings.Trim(name, `"`)))
	}
	if u.Inside != "" {
		relabel(u.File, u.Value, u.Inside, strings.Trim(text, `"`))
		return
	}
	u.File.Edits.Replace(u.Value, text)
	if c.Rule.Role == model.Program || u.Group() == "oci_tarball" { // the archive is the default output
		u.File.Edits.RemoveArguments(u.File.Text, u.User.Expr, u.User.Attr("output_group").Index)
	}
}

// relabel replaces a label in the Make variables of a string.
func relabel(f *model.File, x build.Expr, label, by string) {
	start, _ := edit.Span(x)
	for source := f.Source(x); ; {
		at := strings.Index(source, label+")")
		if at < 0 {
			return
		}
		start += at
		f.Edits.Add(start, start+len(label), by)
		start += len(label)
		source = source[at+len(label):]
	}
}
