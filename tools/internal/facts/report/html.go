package report

import (
	"bufio"
	"cmp"
	"fmt"
	"html"
	"io"
	"path"
	"slices"
	"strconv"
	"strings"

	"github.com/rules-strata/rules_strata/tools/internal/facts/difference"
	"github.com/rules-strata/rules_strata/tools/internal/message"
)

// HTML writes the report as one page that refers to no other file and needs no script.
func HTML(w io.Writer, r *Report) error {
	p := &page{bufio.NewWriter(w), r}
	p.head()
	p.summary()
	p.layers()
	p.shares("What each target adds", "targets", r.Targets)
	p.shares("What each repository adds", "repositories", r.Repositories)
	p.packages()
	p.settings()
	p.before()
	p.largest()
	p.wasted()
	p.duplicates()
	p.tree()
	p.print("</main>\n</html>\n")
	return p.w.Flush()
}

// page is a page that is being written. The writer keeps the first error.
type page struct {
	w *bufio.Writer
	*Report
}

// raw is text that is HTML already.
type raw string

// print writes HTML. Arguments are escaped, except for numbers and raw ones.
func (p *page) print(format string, args ...any) {
	for n, arg := range args {
		switch v := arg.(type) {
		case string:
			args[n] = escape(v)
		case raw:
			args[n] = string(v)
		case int:
		default:
			args[n] = escape(fmt.Sprint(v))
		}
	}
	fmt.Fprintf(p.w, format, args...)
}

// escape makes text from the image harmless: no markup, no control characters, no change of the direction of writing.
func escape(text string) string {
	return html.EscapeString(message.Lines(strings.ReplaceAll(text, "\n", `\n`)))
}

// size returns a number of bytes for people.
func size(n int64) string {
	const units = "kMGTPE"
	if n < 1000 {
		return fmt.Sprintf("%d B", n)
	}
	value, unit := float64(n)/1000, 0
	for value >= 999.95 && unit < len(units)-1 {
		value, unit = value/1000, unit+1
	}
	return fmt.Sprintf("%.1f %cB", value, units[unit])
}

// count returns a number of things.
func count(n int, thing string) string {
	if n != 1 {
		thing += "s"
	}
	return fmt.Sprintf("%d %s", n, thing)
}

// cell returns a table cell with a size, with the exact number as its title.
func cell(n int64) raw { return raw(fmt.Sprintf(`<td class=n title="%d bytes">%s</td>`, n, size(n))) }

// bar returns a table cell with a bar for a part of a whole.
func bar(part, whole int64) raw {
	percent := 0.0
	if whole > 0 {
		percent = 100 * float64(part) / float64(whole)
	}
	return raw(fmt.Sprintf(`<td class=n>%.1f %%</td><td class=b><i style="width:%.1f%%"></i></td>`, percent, percent))
}

const style = `:root{color-scheme:light dark;--line:#8884;--bar:#3b7dd8;--dim:#777}
body{margin:0;font:15px/1.5 system-ui,sans-serif}
main{max-width:75rem;margin:auto;padding:1rem}
h1{font-size:1.5rem;margin:.5rem 0}h2{font-size:1.2rem;margin:2rem 0 .5rem}
nav a{margin-right:1rem}
code,td,summary,li{overflow-wrap:anywhere}
code,.p{font-family:ui-monospace,monospace;font-size:.9em}
.s{overflow-x:auto}table{border-collapse:collapse;width:100%}td.m,td.p{min-width:14rem}
th,td{text-align:left;padding:.2rem .6rem .2rem 0;border-bottom:1px solid var(--line);vertical-align:top}
.n{text-align:right;white-space:nowrap;font-variant-numeric:tabular-nums}
.b{width:8rem;min-width:4rem}.b i{display:block;height:.8em;margin-top:.35em;background:var(--bar);min-width:1px}
.d{color:var(--dim)}details details,ul{margin:0 0 0 1.1rem;padding:0}ul{list-style:none}
dl{display:grid;grid-template-columns:max-content 1fr;gap:.2rem 1rem}dd{margin:0}
.w{border-left:.3rem solid #d90;padding:.3rem .8rem}
`

func (p *page) head() {
	name := cmp.Or(shownLabel(p.Label), "image")
	p.print("<!DOCTYPE html>\n<html lang=en>\n<meta charset=utf-8>\n<meta name=viewport content=\"width=device-width\">\n"+
		"<meta http-equiv=Content-Security-Policy content=\"default-src 'none'; style-src 'unsafe-inline'\">\n"+
		"<title>%s</title>\n<style>%s</style>\n<main>\n<h1>%s</h1>\n<nav>", name, raw(style), name)
	for _, link := range [][2]string{{"layers", "Layers"}, {"targets", "Targets"}, {"repositories", "Repositories"},
		{"packages", "Packages"}, {"settings", "Settings"}, {"largest", "Largest files"}, {"wasted", "Wasted"}, {"duplicates", "Duplicates"}, {"tree", "Files"}} {
		p.print("<a href=\"#%s\">%s</a>", link[0], link[1])
	}
	p.print("</nav>\n")
}

func shownLabel(label string) string {
	if label == "" {
		return ""
	}
	return shownAs(label)
}

// pair writes a term and its description.
func (p *page) pair(term string, format string, args ...any) {
	p.print("<dt>%s</dt><dd>", term)
	p.print(format, args...)
	p.print("</dd>\n")
}

func (p *page) summary() {
	s := p.Sizes
	p.print("<dl>\n")
	p.pair("Digest", "<code>%s</code>", string(p.Digest))
	p.pair("Platform", "%s", p.Platform)
	for n, b := range p.Bases {
		name := b.Name
		if name != "" {
			name += "@"
		}
		p.pair([]string{"Base", "Its base"}[min(n, 1)], "%s, %s, <code>%s</code>", shownLabel(b.Label), count(b.Layers, "layer"), name+string(b.Digest))
	}
	p.pair("Compressed", "%s in %s", size(s.Compressed), count(len(p.Layers), "layer"))
	p.pair("Uncompressed", "%s: contents %s, headers and padding %s", size(s.Uncompressed), size(s.Contents), size(s.Headers))
	if p.Unread == 0 {
		p.pair("File system", "%s in %s, of which %s are duplicates", size(s.Visible), count(s.Files, "file"), size(s.Duplicate))
		p.pair("Wasted", "%s, of which %s in layers of the base; about %s compressed", size(s.Wasted), size(s.WastedInBase),
			size(s.WastedCompressed))
	}
	p.print("</dl>\n")
	if p.Unread > 0 {
		p.print("<p class=w>Incomplete: %d of %d layers are not part of the build. Their files are missing here, and so are the merged "+
			"file system, wasted and duplicate files.</p>\n", p.Unread, len(p.Layers))
	}
}

// section writes a heading, and the head of a table with the columns, if any.
func (p *page) section(id, title string, columns ...string) {
	p.print("<h2 id=%s>%s</h2>\n", id, title)
	if len(columns) == 0 {
		return
	}
	p.print("<div class=s><table>\n<tr>")
	for _, c := range columns {
		name, isNumber := strings.CutPrefix(c, "#")
		class := raw("")
		if isNumber {
			class = " class=n"
		}
		p.print("<th%s>%s</th>", class, name)
	}
	p.print("</tr>\n")
}

func (p *page) endTable() { p.print("</table></div>\n") }

func (p *page) layers() {
	p.section("layers", "Layers", "#", "Made by", "#Compressed", "#Share", "", "#Uncompressed", "#Entries", "#Wasted")
	for _, l := range slices.Backward(p.Layers) {
		p.print("<tr><td>%d</td><td class=m>%s", l.Number, cmp.Or(shownLabel(l.Label), "an unknown rule"))
		if l.Base {
			p.print(" <span class=d>(base)</span>")
		}
		p.print("<br><code class=d>%s</code>", string(l.Digest))
		if l.CreatedBy != "" {
			p.print("<br><span class=d>%s</span>", l.CreatedBy)
		}
		p.print("</td>%s%s", cell(l.Size), bar(l.Size, p.Sizes.Compressed))
		if l.Unread {
			p.print("<td class=d colspan=3>not part of the build</td></tr>\n")
			continue
		}
		p.print("%s<td class=n>%d</td>%s</tr>\n", cell(l.Uncompressed), l.Entries, cell(l.Wasted))
	}
	p.endTable()
}

// listed is how many rows the page shows of a list that the JSON has in full.
const listed = 200

func (p *page) shares(title, id string, shares []Share) {
	p.section(id, title, "Name", "#Files", "#Contents", "#Share", "", "#Compressed, about")
	for _, s := range shares[:min(len(shares), listed)] {
		name := shownAs(s.Name)
		if s.Name == "" && id == "repositories" {
			name = "the main repository"
		}
		p.print("<tr><td class=m>%s</td><td class=n>%d</td>%s%s%s</tr>\n", name, s.Files, cell(s.Contents),
			bar(s.Contents, p.Sizes.Uncompressed), cell(s.Compressed))
	}
	p.endTable()
	p.more(len(shares))
}

// more states how many rows are left out.
func (p *page) more(n int) {
	if n > listed {
		p.print("<p class=d>%d more in the JSON.</p>\n", n-listed)
	}
}

func (p *page) packages() {
	if len(p.Packages) == 0 {
		p.section("packages", "Packages")
		p.print("<p class=d>None with metadata.</p>\n")
	} else {
		p.section("packages", "Packages", "Name", "Version", "License", "Layer", "Target")
		for _, each := range p.Packages {
			var layers []string
			for _, n := range each.Layers {
				layers = append(layers, strconv.Itoa(n))
			}
			p.print("<tr><td title=\"%s\">%s</td><td>%s</td><td>%s</td><td>%s</td><td>%s</td></tr>\n", each.PURL, each.Name, each.Version,
				cmp.Or(each.License, "unknown"), strings.Join(layers, ", "), strings.Join(each.Targets, ", "))
		}
		p.endTable()
	}
	for _, reason := range p.PackagesUnknown {
		p.print("<p class=w>Incomplete: %s</p>\n", reason)
	}
}

func (p *page) settings() {
	p.section("settings", "Settings", "Name", "Value", "Set by")
	for _, s := range p.Settings {
		value, by := "", ""
		switch {
		case s.Image == nil:
			value, by = *s.Base, "base; removed"
		case s.Base == nil:
			value, by = *s.Image, "this image"
		case *s.Base == *s.Image:
			value, by = *s.Image, "base"
		default:
			value, by = *s.Image, "this image; base: "+*s.Base
		}
		p.print("<tr><td>%s</td><td class=p>%s</td><td>%s</td></tr>\n", s.Key, value, by)
	}
	p.endTable()
}

// before lists the differences from another image as package difference writes them, and explains the marks.
func (p *page) before() {
	if p.Before == nil {
		return
	}
	p.section("before", "Differences from "+shownLabel(p.Before.Label))
	if p.Before.Differences.IsEmpty() {
		p.print("<p class=d>None.</p>\n")
		return
	}
	var text strings.Builder
	if err := difference.Text(&text, p.Before.Differences); err != nil {
		return // a strings.Builder has no errors
	}
	p.print("<p>+ added, - removed, ~ changed.</p>\n<pre class=s>\n")
	for line := range strings.Lines(text.String()) {
		p.print("%s\n", strings.TrimSuffix(line, "\n"))
	}
	p.print("</pre>\n")
}

func (p *page) largest() {
	p.section("largest", "Largest files", "Path", "#Size", "#Layer", "Origin")
	for _, f := range p.Largest {
		p.print("<tr><td class=p>%s</td>%s<td class=n>%d</td><td>%s</td></tr>\n", f.Path, cell(f.Size), f.Layer, shownLabel(f.Origin))
	}
	p.endTable()
}

func (p *page) wasted() {
	p.section("wasted", "Wasted")
	p.print("<p>Contents of files that the file system does not show, because a higher layer replaces or deletes them.</p>\n")
	if len(p.Wasted) == 0 {
		p.print("<p class=d>None.</p>\n")
		return
	}
	p.print("<div class=s><table>\n<tr><th>Path</th><th class=n>Size</th><th class=n>Layer</th><th>Origin</th><th>Now</th></tr>\n")
	for _, f := range p.Report.Wasted {
		now := "deleted"
		if f.Replaced > 0 {
			now = fmt.Sprintf("from layer %d", f.Replaced)
		}
		p.print("<tr><td class=p>%s</td>%s<td class=n>%d</td><td>%s</td><td>%s</td></tr>\n", f.Path, cell(f.Size), f.Layer,
			shownLabel(f.Origin), now)
	}
	p.endTable()
}

func (p *page) duplicates() {
	p.section("duplicates", "Duplicates")
	p.print("<p>Files of the file system with the same content. They are not part of the wasted bytes.</p>\n")
	if len(p.Duplicates) == 0 {
		p.print("<p class=d>None.</p>\n")
		return
	}
	p.print("<div class=s><table>\n<tr><th>Paths</th><th class=n>Copies</th><th class=n>Size of one</th></tr>\n")
	for _, d := range p.Duplicates {
		p.print("<tr><td class=p>")
		for _, path := range d.Paths[:min(len(d.Paths), 10)] {
			p.print("%s<br>", path)
		}
		p.print("</td><td class=n>%d</td>%s</tr>\n", len(d.Paths), cell(d.Size))
	}
	p.endTable()
}

func (p *page) tree() {
	p.section("tree", "Files")
	if p.Tree == nil {
		p.print("<p class=d>Not all layers are part of the build.</p>\n")
		return
	}
	p.directory(p.Tree, "/")
}

// shown is how many entries of a directory the page lists.
const shown = 100

func (p *page) directory(d *Directory, name string) {
	open := raw("")
	if name == "/" {
		open = " open"
	}
	p.print("<details%s><summary><span class=p>%s</span> <span class=d>%s, %s</span></summary>\n", open, name, size(d.Contents), count(d.Files, "file"))
	for _, child := range slices.SortedStableFunc(slices.Values(d.Directories), func(a, b *Directory) int {
		return cmp.Compare(b.Contents, a.Contents)
	}) {
		p.directory(child, child.Name+"/")
	}
	entries := slices.SortedStableFunc(slices.Values(d.Entries), func(a, b File) int { return cmp.Compare(b.Size, a.Size) })
	if len(entries) > 0 {
		p.print("<ul>")
		for _, f := range entries[:min(len(entries), shown)] {
			p.print("<li><span class=p>%s</span> <span class=d>", path.Base(f.Path))
			switch {
			case f.Link != "":
				p.print("→ %s</span>\n", f.Link)
			case f.SHA256 == "":
				p.print("%s</span>\n", f.Type)
			default:
				p.print("%s</span>\n", size(f.Size))
			}
		}
		if n := len(entries) - shown; n > 0 {
			p.print("<li class=d>%d more, which are smaller\n", n)
		}
		p.print("</ul>")
	}
	p.print("</details>\n")
}
