package main

import (
	"fmt"
	"html"
	"strings"
)

const (
	svgWidth = 920
	svgLine  = 20
	svgBar   = 140 // the longest bar
)

// svgRight is where each column ends; the first begins at the left edge. Before the second there is room for the bars.
var svgRight = []int{16, 340, 440, 510, 590, 670, 750, 825, 904}

const svgHead = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %[1]d %[2]d"
 font-family="sans-serif" font-size="12">
<style>
.paper{fill:#fff}.ink{fill:#1f2328}.dim{fill:#59636e}.bar{fill:#afb8c1}.own{fill:#218bff}
@media (prefers-color-scheme:dark){
.paper{fill:#0d1117}.ink{fill:#e6edf3}.dim{fill:#9198a1}.bar{fill:#484f58}.own{fill:#1f6feb}
}
</style>
<rect class="paper" width="%[1]d" height="%[2]d"/>
`

// SVG returns the run as a picture of the table, with a bar for each median of wall time. The bytes depend on the run
// alone.
func SVG(r Run) string {
	var body strings.Builder
	y := svgLine
	write := func(x int, class, anchor, text string) {
		fmt.Fprintf(&body, "<text x=\"%d\" y=\"%d\" class=\"%s\" text-anchor=\"%s\">%s</text>\n",
			x, y, class, anchor, html.EscapeString(text))
	}
	for _, line := range r.caption() {
		write(svgRight[0], "dim", "start", line)
		y += svgLine
	}
	for _, g := range r.Groups {
		y += svgLine / 2
		write(svgRight[0], "ink\" font-weight=\"bold", "start", g.title())
		y += svgLine
		slowest := 0.0
		for _, result := range g.Results {
			slowest = max(slowest, result.median(wall))
		}
		for i, name := range columns[1:] {
			write(svgRight[i+1], "dim", "end", name)
		}
		y += svgLine
		for i, result := range g.Results {
			if width := int(svgBar * result.median(wall) / max(slowest, 1e-9)); width > 0 {
				class := "bar"
				if i == 0 {
					class = "own"
				}
				fmt.Fprintf(&body, "<rect class=\"%s\" x=\"135\" y=\"%d\" width=\"%d\" height=\"12\"/>\n", class, y-10, width)
			}
			for j, cell := range g.row(result) {
				anchor := "end"
				if j == 0 {
					anchor = "start"
				}
				if cell != "" {
					write(svgRight[j], "ink", anchor, cell)
				}
			}
			y += svgLine
		}
	}
	return fmt.Sprintf(svgHead, svgWidth, y) + body.String() + "</svg>\n"
}
