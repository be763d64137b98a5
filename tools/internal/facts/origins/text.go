package origins

import (
	"fmt"
	"io"
	"strings"

	"github.com/rules-strata/rules_strata/tools/internal/message"
)

// Text writes an answer for people.
func Text(w io.Writer, a Answer) error {
	var b strings.Builder
	head := a.Path
	if a.Asked != "" {
		head = a.Asked + " is " + a.Path
	}
	fmt.Fprintf(&b, "%s\n", head)
	switch {
	case a.Found != nil:
		fmt.Fprintf(&b, "  %s\n", a.Found.entry())
		b.WriteString(a.Found.where("  from"))
	case a.Removed != nil:
		b.WriteString(a.Removed.where("  deleted by"))
	default:
		b.WriteString("  not in a layer of this build\n")
	}
	for _, p := range a.Shadows {
		verb := "  shadows"
		if a.Found != nil && (a.Found.Type == "directory" || a.Found.Type == "parent") {
			verb = "  also"
		}
		b.WriteString(p.where(verb))
	}
	for _, p := range a.Unread {
		fmt.Fprintf(&b, "  not read: %s\n", p.unread())
	}
	if len(a.Similar) > 0 {
		fmt.Fprintf(&b, "  similar: %s\n", strings.Join(a.Similar, "\n           "))
	}
	for line := range strings.Lines(b.String()) {
		if _, err := fmt.Fprintln(w, message.Lines(strings.TrimSuffix(line, "\n"))); err != nil {
			return err
		}
	}
	return nil
}

// entry describes what the entry is.
func (p Place) entry() string {
	switch {
	case p.Directory:
		return fmt.Sprintf("in a directory of %s, whose contents are not read: %s", Short(p.Owner), p.Source)
	case p.Type == "parent":
		return "a directory that exists for its contents, such as those of " + Short(firstOf(p.Owner, p.Item, p.Label))
	case p.Type == "symlink":
		return "symlink to " + p.Target + suffix(" of ", p.Owner)
	case p.Archive:
		return p.Type + " in the archive " + p.Source
	}
	return p.Type + suffix(" of ", p.Owner) + plainSuffix(": ", p.Source)
}

func suffix(before, label string) string {
	return plainSuffix(before, Short(label))
}

func plainSuffix(before, text string) string {
	if text == "" {
		return ""
	}
	return before + text
}

func firstOf(labels ...string) string {
	for _, label := range labels {
		if label != "" {
			return label
		}
	}
	return ""
}

// where describes the layer and the attribute.
func (p Place) where(verb string) string {
	line := verb + " " + p.name()
	if p.Squashed != "" {
		line += ", squashed in " + Short(p.Squashed)
	}
	if item := Short(firstOf(p.Item, p.Owner)); p.Attribute != "" {
		switch {
		case p.Place != "":
			line += fmt.Sprintf(", %s = {%q: %q}", p.Attribute, p.Place, item)
		case item != "":
			line += fmt.Sprintf(", %s = %q", p.Attribute, item)
		default:
			line += ", " + p.Attribute
		}
	}
	return line + "\n"
}

func (p Place) name() string {
	name := plainSuffix("", Short(p.Label))
	if p.Image != "" {
		name += " (" + p.Image + ")"
	}
	switch {
	case p.Label == "":
		name = fmt.Sprintf("layer %d, of an unknown rule", p.Layer)
	case p.Layer > 0:
		name += fmt.Sprintf(", layer %d", p.Layer)
	}
	return name
}

func (p Place) unread() string {
	switch {
	case p.Archive:
		return "the archive " + p.Source + " of " + p.name()
	case p.Base:
		return "the base " + p.name()
	}
	return "the files that " + p.name() + " writes"
}
