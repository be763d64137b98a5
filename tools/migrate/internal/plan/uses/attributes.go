package uses

// plainText are attributes that hold no labels, even if a string is like the name of a target.
var plainText = []string{
	"name", "tags", "repo_tags", "remote_tags", "tag", "repository", "registry", "cmd", "entrypoint", "env", "labels", "annotations", "args",
	"package_dir", "user", "workdir", "visibility", "importpath", "deprecation", "strip_prefix", "directory", "features",
	"exposed_ports", "ports", "volumes", "mode", "owner", "package", "default_visibility", "symlinks", "platforms", "values", "define_values",
	"flag_values", "constraint_values",
}

// labelAttributes are attributes that hold labels, so that a plain word is the name of a target there.
var labelAttributes = []string{"srcs", "src", "deps", "data", "image", "images", "tools", "actual", "base", "files", "layers", "tests", "targets"}
