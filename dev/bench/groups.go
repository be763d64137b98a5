package main

import "strings"

// group is a competition: programs that make the same layer of one input.
type group struct {
	input        string // a name that bench.input knows
	codec, level string // for mklayer and the floor
	rebuild      bool   // whether a worker takes part
	rivals       []tool
}

// name is what the tables and --groups call the group.
func (g group) name() string { return strings.TrimSuffix(g.input+", "+g.codec+" "+g.level, " 0") }

// tool is a program that takes part, as shell scripts. In them $src is the input; $out an empty directory whose largest
// file is the layer in the end; $tmp another empty directory; $plain the tar of the input that mklayer writes.
type tool struct {
	name    string
	needs   []string // programs
	root    bool     // it has to be root
	prepare string   // not measured
	run     string   // measured
	finish  string   // not measured
}

// The functions give the programs the options that make them write what mklayer writes: no owners; where they can, no
// times and an order.
const functions = `
tarOf() { tar --sort=name --owner=0 --group=0 --numeric-owner --mtime=@0 --hard-dereference -C "$src" -cf "$1" .; }
bsdtarOf() { bsdtar --format=gnutar --uid=0 --gid=0 --numeric-owner -C "$src" "$@" .; }
buildahOf() { buildah --root="$tmp/root" --runroot="$tmp/run" --storage-driver=vfs "$@"; }
`

// ours and floor are in every group.
func (g group) ours() tool { return g.mklayer("mklayer", `--tree=/="$src"`) }

func (g group) mklayer(name, input string) tool {
	return tool{name: name, run: "mklayer " + input + ` --output="$out/layer" --descriptor="$out/layer.json" ` +
		"--compression=" + g.codec + " --level=" + g.level}
}

func (g group) floor() tool {
	return tool{name: floorName, run: "bench floor " + g.codec + " " + g.level + ` "$plain" "$out"`}
}

// rebuilt is mklayer as a worker that has made the layer before, but for one file.
func (g group) rebuilt() tool {
	return tool{name: rebuildName, run: "bench rebuild " + g.codec + " " + g.level + ` "$src" "$out"`}
}

func tarPipe(program, options string) tool {
	return tool{name: "tar | " + program + options, needs: []string{"tar", program},
		run: "tarOf - | " + program + " -q" + options + ` >"$out/layer"`}
}

func bsdtar(name, options string) tool {
	return tool{name: "bsdtar" + name, needs: []string{"bsdtar"}, run: "bsdtarOf " + options + ` -cf "$out/layer"`}
}

var (
	crane = tool{name: "tar, crane append", needs: []string{"tar", "crane"},
		run:    `tarOf "$tmp/tar" && crane append --oci-empty-base -f "$tmp/tar" -t x -o "$tmp/image"`,
		finish: `tar -xf "$tmp/image" -C "$out"`}
	umoci = tool{name: "umoci insert", needs: []string{"umoci"},
		prepare: `umoci init --layout="$out/layout" && umoci new --image="$out/layout:x"`,
		run:     `umoci insert --image="$out/layout:x" "$src" /`}
	buildah = tool{name: "buildah", needs: []string{"buildah"}, root: true,
		prepare: `buildahOf from --name=c scratch`,
		run: `buildahOf add -q c "$src" / &&
			buildahOf commit -q --disable-compression=false c "oci:$out/layout:x"`}
)

// fromTar is mklayer with a tar in place of the files.
func fromTar(codec, level string) tool {
	return group{codec: codec, level: level}.mklayer("mklayer --tar", `--tar="$plain"`)
}

// groups are all groups in the order of the table. Programs that pack on one core, or move the bytes several times, do
// not get the large inputs: they would take most of the run.
var groups = []group{
	{input: "tree", codec: "gzip", level: "6",
		rivals: []tool{tarPipe("pigz", " -6"), bsdtar(" gzip", "--gzip"), crane, umoci, buildah}},
	{input: "tree", codec: "gzip", level: "1", rivals: []tool{tarPipe("pigz", " -1")}},
	{input: "tree", codec: "zstd", level: "3",
		rivals: []tool{tarPipe("zstd", " -T0 -3"), bsdtar(" zstd", "--zstd --options=zstd:threads=0")}},
	{input: "tree", codec: "none", level: "0",
		rivals: []tool{{name: "tar", needs: []string{"tar"}, run: `tarOf "$out/layer"`}, bsdtar("", "")}},
	{input: "tiny", codec: "gzip", level: "6",
		rivals: []tool{tarPipe("pigz", " -6"), bsdtar(" gzip", "--gzip"), crane, umoci, buildah}},
	{input: "file", codec: "gzip", level: "6", rivals: []tool{fromTar("gzip", "6"), tarPipe("pigz", " -6")}},
	{input: "file", codec: "zstd", level: "3", rivals: []tool{fromTar("zstd", "3"), tarPipe("zstd", " -T0 -3")}},
	{input: "large", codec: "gzip", level: "6", rebuild: true},
	{input: "large", codec: "zstd", level: "3", rebuild: true},
}
