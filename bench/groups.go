package main

// group is a competition: programs that make the same layer of one input.
type group struct {
	input        string // a name that bench.input knows
	codec, level string // for mklayer and the floor
	rivals       []tool
}

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
func (g group) ours() tool {
	return tool{name: "mklayer", run: `mklayer --tree=/="$src" --output="$out/layer" --descriptor="$out/layer.json" ` +
		"--compression=" + g.codec + " --level=" + g.level}
}

func (g group) floor() tool {
	return tool{name: floorName, run: "bench floor " + g.codec + " " + g.level + ` "$plain" >"$out/floor.json"`}
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

// groups are all groups in the order of the table. Programs that pack on one core, or move the bytes several times, do
// not get the large file: they would take most of the run.
var groups = []group{
	{"tree", "gzip", "6", []tool{tarPipe("pigz", " -6"), bsdtar(" gzip", "--gzip"), crane, umoci, buildah}},
	{"tree", "gzip", "1", []tool{tarPipe("pigz", " -1")}},
	{"tree", "zstd", "3", []tool{tarPipe("zstd", " -T0 -3"), bsdtar(" zstd", "--zstd --options=zstd:threads=0")}},
	{"tree", "none", "0", []tool{{name: "tar", needs: []string{"tar"}, run: `tarOf "$out/layer"`}, bsdtar("", "")}},
	{"tiny", "gzip", "6", []tool{tarPipe("pigz", " -6"), bsdtar(" gzip", "--gzip"), crane, umoci, buildah}},
	{"file", "gzip", "6", []tool{tarPipe("pigz", " -6")}},
	{"file", "zstd", "3", []tool{tarPipe("zstd", " -T0 -3")}},
}
