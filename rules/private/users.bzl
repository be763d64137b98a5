"""image_users: a layer with users and groups."""

load(":etc_actions.bzl", "base_attr", "etc_layer")
load(":packing.bzl", "PACKING_ATTRS")
load(":providers.bzl", "LayerInfo")
load(":run_tool.bzl", "new_args")
load(":toolchain.bzl", "BUILD_TOOLCHAIN_TYPE")

visibility(["//rules/..."])

def _impl(ctx):
    attr = ctx.attr
    args = new_args(ctx)
    args.add_all(attr.users, format_each = "--user=%s")
    args.add_all(attr.groups, format_each = "--group=%s")
    if attr.homes:
        args.add("--homes")
    if attr.shadow:
        args.add("--shadow")
    args.add(attr.home_mode, format = "--home-mode=%s")
    return etc_layer(ctx, "users", args, depset(), "MkUsers")

image_users = rule(
    doc = """Builds a layer with users, groups and home directories: `/etc/passwd`, `/etc/group` and, on request, `/etc/shadow`.

Without a base, the files also have `root` and `nobody` with Debian's IDs, unless `users` and `groups` use these names or IDs, and
lines are sorted by ID. With a base, its lines stay unchanged and new ones follow. Duplicate names and IDs, members that are not
users and conflicts with the base are errors.

`image` checks its `user` against the names in its layers. See docs/base-from-scratch.md.""",
    implementation = _impl,
    attrs = PACKING_ATTRS | {
        "base": base_attr("""The image whose users and groups are extended, usually the base of the image that the layer is for. Its
layers are read; those of a locked base are fetched from their registry. `/etc/shadow` and `/etc/gshadow` are extended if the
base has them. If unset, the files contain nothing of a base, and replace its files."""),
        "groups": attr.string_list(
            doc = """Groups, each a line of group(5), `NAME:x:GID:MEMBER,...`, like `docker:x:998:app`. A group of the base gets
these members in addition. Groups without members that have the name and ID of a user need not be listed.""",
        ),
        "home_mode": attr.string(
            doc = "Mode of home directories in octal.",
            default = "0700",
        ),
        "homes": attr.bool(
            doc = """Create the home directories of new users, with the user as the owner. Directories that belong to the
system, like `/usr/sbin`, `/var/lib` and `/nonexistent`, are neither created nor changed.""",
            default = True,
        ),
        "shadow": attr.bool(
            doc = "Also write `/etc/shadow`, for programs that require it. No user gets a password.",
        ),
        "users": attr.string_list(
            doc = """Users, each a line of passwd(5), `NAME:x:UID:GID:GECOS:HOME:SHELL`. Fields after `UID` may be empty or
missing: `app:x:1000` is a user with the group 1000, the home `/home/app` and the shell `/sbin/nologin`.""",
        ),
    },
    provides = [LayerInfo],
    toolchains = [BUILD_TOOLCHAIN_TYPE],
)
