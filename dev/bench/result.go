package main

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"regexp"
	"runtime"
	"slices"
	"strings"
)

// Run is all that a run found; benchmark.json holds it.
type Run struct {
	Machine Machine
	Rounds  int // that count
	Groups  []Group
}

// Machine is where and with what a run was made.
type Machine struct {
	Processor             string
	Cores                 int
	System                string
	LoadBefore, LoadAfter string // the load averages over 1, 5 and 15 minutes
	Versions              []string
}

// Group is one input with one codec; its first result is mklayer's.
type Group struct {
	Name    string
	Files   int
	Bytes   int64 // of all files
	Results []Result
}

// Result is what one program took.
type Result struct {
	Tool    string
	Absent  string   `json:",omitempty"` // why there are no samples
	Samples []Sample // one a round
}

// Sample is what one run of a program took: seconds and bytes.
type Sample struct {
	Wall, CPU   float64
	RSS, Output int64
	layer       string // where it is
}

// The tools that measure themselves, and the file that says what they found.
const (
	floorName    = "floor"   // only hashes and packs
	rebuildName  = "rebuild" // mklayer as a worker that made the layer before
	measuredName = "measured.json"
)

// median returns the middle one of the values, or the mean of the two in the middle; 0 for none.
func median(values []float64) float64 {
	s := slices.Sorted(slices.Values(values))
	if len(s) == 0 {
		return 0
	}
	return (s[(len(s)-1)/2] + s[len(s)/2]) / 2
}

func (r Result) median(of func(Sample) float64) float64 {
	var values []float64
	for _, s := range r.Samples {
		values = append(values, of(s))
	}
	return median(values)
}

// ratio is the median over the rounds of this result's value by the other's in the same round, so that what slows the
// machine down for a while does not count.
func (r Result) ratio(other Result, of func(Sample) float64) float64 {
	var values []float64
	for i := range min(len(r.Samples), len(other.Samples)) {
		if base := of(other.Samples[i]); base > 0 {
			values = append(values, of(r.Samples[i])/base)
		}
	}
	return median(values)
}

func wall(s Sample) float64   { return s.Wall }
func cpu(s Sample) float64    { return s.CPU }
func rss(s Sample) float64    { return float64(s.RSS) }
func output(s Sample) float64 { return float64(s.Output) }

// columns are the heads of the cells that row returns.
var columns = []string{"program", "wall s", "min-max", "CPU s", "memory MB", "layer MB", "wall ratio", "CPU ratio", "layer ratio"}

// row returns the cells of a result: medians, and ratios to the group's first.
func (g Group) row(r Result) []string {
	if len(r.Samples) == 0 {
		return []string{r.Tool, r.Absent, "", "", "", "", "", "", ""}
	}
	first, last := r.Samples[0].Wall, r.Samples[0].Wall
	for _, s := range r.Samples {
		first, last = min(first, s.Wall), max(last, s.Wall)
	}
	memory := "-" // the floor holds its input
	if r.Tool != floorName {
		memory = fmt.Sprintf("%.0f", r.median(rss)/1e6)
	}
	base := g.Results[0]
	return []string{
		r.Tool, fmt.Sprintf("%.2f", r.median(wall)), fmt.Sprintf("%.2f-%.2f", first, last),
		fmt.Sprintf("%.2f", r.median(cpu)), memory, fmt.Sprintf("%.1f", r.median(output)/1e6),
		fmt.Sprintf("%.2fx", r.ratio(base, wall)), fmt.Sprintf("%.2fx", r.ratio(base, cpu)),
		fmt.Sprintf("%.3fx", r.ratio(base, output)),
	}
}

// count sets how many files and bytes there are from mklayer's listing.
func (g *Group) count(entries map[string]string) {
	for _, entry := range entries {
		var size int64
		if n, _ := fmt.Sscanf(entry, "0 %d", &size); n == 1 {
			g.Files++
			g.Bytes += size
		}
	}
}

// title says what the group's input is.
func (g Group) title() string {
	return fmt.Sprintf("%s: %.1f MB, files: %d", g.Name, float64(g.Bytes)/1e6, g.Files)
}

// caption says where the figures come from.
func (r Run) caption() []string {
	m := r.Machine
	return []string{
		fmt.Sprintf("%s, %d cores, %s; load average before %s, after %s; rounds: %d",
			m.Processor, m.Cores, m.System, m.LoadBefore, m.LoadAfter, r.Rounds),
		strings.Join(m.Versions, ", "),
	}
}

// Table returns the run as Markdown tables.
func Table(r Run) string {
	var b strings.Builder
	for _, line := range r.caption() {
		fmt.Fprintln(&b, line+".")
	}
	for _, g := range r.Groups {
		fmt.Fprintf(&b, "\n**%s**\n\n", g.title())
		fmt.Fprintf(&b, "| %s |\n|---|%s\n", strings.Join(columns, " | "), strings.Repeat("---:|", len(columns)-1))
		for _, result := range g.Results {
			fmt.Fprintf(&b, "| %s |\n", strings.Join(escaped(g.row(result)), " | "))
		}
	}
	return b.String()
}

// escaped keeps a bar in a cell from ending it.
func escaped(cells []string) []string {
	for i := range cells {
		cells[i] = strings.ReplaceAll(cells[i], "|", `\|`)
	}
	return cells
}

func load() string {
	text, err := os.ReadFile("/proc/loadavg")
	if err != nil {
		return "unknown"
	}
	return strings.Join(strings.Fields(string(text))[:3], " ")
}

var version = regexp.MustCompile(`\d+\.\d+(\.\d+)*`)

// describeMachine asks the system and each program.
func describeMachine() Machine {
	m := Machine{Processor: runtime.GOARCH, Cores: runtime.NumCPU(), System: runtime.GOOS, LoadBefore: load()}
	info, _ := os.ReadFile("/proc/cpuinfo")
	for line := range strings.Lines(string(info)) {
		if name, found := strings.CutPrefix(line, "model name\t: "); found {
			m.Processor = strings.TrimSpace(name)
			break
		}
	}
	if release, err := os.ReadFile("/proc/sys/kernel/osrelease"); err == nil {
		m.System += " " + version.FindString(string(release))
	}
	for _, ask := range []string{"go version", "tar --version", "bsdtar --version", "pigz --version", "zstd --version",
		"crane version", "umoci --version", "buildah --version"} {
		words := strings.Fields(ask)
		if text, err := exec.Command(words[0], words[1]).CombinedOutput(); err == nil {
			first, _, _ := bytes.Cut(text, []byte("\n"))
			m.Versions = append(m.Versions, words[0]+" "+version.FindString(string(first)))
		}
	}
	return m
}
