"""The tools that the rules use: the only list of them.

The attributes of the toolchain rules and the toolchains from source are derived from it. Each tool is the target of its name in
the package of its name.
"""

visibility(["//dev/...", "//rules/..."])

# What build actions run.
BUILD_TOOLS = {
    "mkbase": "Checks the documents of a locked base image.",
    "mkblob": "Describes a file of an artifact.",
    "mkcheck": "Checks the blobs of layers.",
    "mkconda": "Turns Conda packages into layers.",
    "mkconfig": "Writes the config of an image.",
    "mkdiff": "Lists the differences between two images.",
    "mketc": "Writes files below /etc: users, certificates, the cache of libraries.",
    "mkimport": "Reads an image from a layout or an archive.",
    "mkindex": "Writes an image index.",
    "mklayer": "Builds a layer.",
    "mklayout": "Writes image layouts and archives.",
    "mklisting": "Lists the entries of layers.",
    "mkmanifest": "Writes the manifest of an image.",
    "mkpolicy": "Checks that an image keeps the rules of a policy.",
    "mkreference": "Writes the name of a pushed image.",
    "mkreport": "Writes a report on an image.",
    "mkrootfs": "Writes the root file system of an image.",
    "mksbom": "Writes a software bill of materials.",
    "mksoci": "Adds tables for lazy pulling to images.",
    "mksquash": "Merges the layers of an image.",
}

# What `bazel run` and `bazel test` start, and what virtual machines start.
RUN_TOOLS = {
    "boot": "Boots a root file system as a virtual machine.",
    "check": "Checks an image against the OCI specifications.",
    "image": "Looks into images, changes them and copies them.",
    "load": "Loads an image into Docker, Podman or containerd.",
    "lock": "Pins base images in images.lock.json.",
    "push": "Pushes images to registries.",
    "vminit": "Starts the program of an image in a virtual machine.",
}

# What `bazel run @rules_strata//tools/migrate` starts. It is a separate Go module and a separate download, because most builds
# never need it.
MIGRATE_TOOLS = {
    "migrate": "Rewrites BUILD files of other rulesets.",
}
