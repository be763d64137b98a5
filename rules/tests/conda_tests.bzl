"""conda_layers: what each action reads, that environments share packages' actions, and which layers packages are in."""

load("@bazel_skylib//lib:unittest.bzl", "analysistest", "asserts", "unittest")
load("//rules:conda_locked.bzl", "conda_environment", "conda_noarch_package", "conda_package", "conda_python")
load("//rules:defs.bzl", "conda_layers", "image", "image_index")
load("//rules:providers.bzl", "ImageInfo", "IndexInfo", "LayersInfo")
load("//rules/private:conda_layers.bzl", "prefix_problem")
load("//rules/private:conda_split.bzl", "LARGE", "split_packages")
load(":actions.bzl", "actions_of", "flags", "input_names", "only")
load(":refusal.bzl", "refusal")

visibility("private")

def _package(name, noarch = False):
    return struct(name = name, noarch = noarch)

def _split_impl(ctx):
    env = unittest.begin(ctx)

    def summary(packages, sizes, budget):
        return " ".join([
            "%s:%s" % (group.name, ",".join([package.name for package in group.packages]))
            for group in split_packages(packages, sizes, budget)
        ])

    packages = [_package("zlib"), _package("python"), _package("six", True), _package("numpy"), _package("tzdata", True)]
    sizes = {"numpy": 3 * LARGE, "python": LARGE, "six": 1, "tzdata": LARGE - 1, "zlib": 5}

    # Hashes decide what a layer holds: these values may not change.
    for budget, want in {
        1: "packages:zlib,python,six,numpy,tzdata",
        2: "packages:zlib,python,six,numpy,tzdata",
        3: "packages-0:zlib,python None:numpy noarch-0:six,tzdata",
        4: "packages-0:zlib None:python None:numpy noarch-0:six,tzdata",
        39: "packages-1:zlib None:python None:numpy noarch-1:six noarch-2:tzdata",
    }.items():
        asserts.equals(env, want, summary(packages, sizes, budget))

    # Packages of unknown size are large. No budget is exceeded, and no package is lost or in two layers.
    many = [_package("p%d" % number, number % 3 == 0) for number in range(300)]
    for budget in [1, 2, 3, 9, 10, 39, 125]:
        for known in [{}, {package.name: 1 for package in many}, {package.name: LARGE + 1 for package in many[:100]}]:
            groups = split_packages(many, known, budget)
            asserts.true(env, len(groups) <= budget, "%d groups of %d" % (len(groups), budget))
            names = [package.name for group in groups for package in group.packages]
            asserts.equals(env, sorted([package.name for package in many]), sorted(names))

    # A new small package changes one group, and the groups keep their order.
    before = {group.name or group.packages[0].name: group.packages for group in split_packages(packages, sizes, 39)}
    after = split_packages(packages + [_package("attrs", True)], sizes | {"attrs": 9}, 39)
    changed = [group.name for group in after if before.get(group.name or group.packages[0].name) != group.packages]
    asserts.equals(env, 1, len(changed), str(changed))
    asserts.equals(env, [], split_packages([], {}, 39))
    return unittest.end(env)

_split_test = unittest.make(_split_impl)

def _prefix_impl(ctx):
    env = unittest.begin(ctx)
    for prefix in ["/opt/conda", "/a", "/srv/x-1.0+b_c@d", "/" + "a" * 199]:
        asserts.false(env, prefix_problem(prefix), prefix)
    for prefix in ["", "/", "opt", "/opt/", "/opt//x", "/opt/../x", "/./x", "/a b", "/a'b", "/a\nb", "/é", "/" + "a" * 200, "/a:b"]:
        asserts.true(env, prefix_problem(prefix), repr(prefix))
    return unittest.end(env)

_prefix_test = unittest.make(_prefix_impl)

def _layers_impl(ctx):
    env = analysistest.begin(ctx)
    target = analysistest.target_under_test(env)
    names = [layer.blob.short_path.rpartition("/")[2] for layer in target[LayersInfo].layers]
    asserts.equals(env, ctx.attr.blobs, names)

    # The layers that the target makes itself: of groups.
    actions = actions_of(analysistest.target_actions(env), "MkCondaLayer")
    asserts.equals(env, ctx.attr.groups, [
        "%s: %s" % (flags(action, "output")[0].rpartition("/")[2], ", ".join(input_names(action)))
        for action in actions
    ])
    for action in actions:
        asserts.equals(env, "layer", action.argv[1])
        asserts.equals(env, ["/srv/env"], flags(action, "prefix"))
        asserts.equals(env, ["ignore"], flags(action, "link-scripts"))
        asserts.equals(env, ["gzip"], flags(action, "compression"))

        # Each archive is followed by its URL.
        pairs = [arg.partition("=")[0] for arg in action.argv if arg.startswith("--package=") or arg.startswith("--url=")]
        asserts.equals(env, ["--package", "--url"] * (len(pairs) // 2), pairs)

    # The environment reads facts, in the order of the layers, and no archive and no blob.
    environment = only(env, "MkCondaEnvironment")
    asserts.equals(env, sorted(ctx.attr.facts), input_names(environment))
    asserts.equals(env, ctx.attr.facts, [path.rpartition("/")[2] for path in flags(environment, "facts")])
    for flag, value in {
        "activation": "shell",
        "clobber": "last",
        "name": "named",
        "prefix": "/srv/env",
    }.items():
        asserts.equals(env, [value], flags(environment, flag))
    return analysistest.end(env)

_layers_test = analysistest.make(_layers_impl, attrs = {
    "blobs": attr.string_list(),
    "facts": attr.string_list(),
    "groups": attr.string_list(),
})

PackageActionsInfo = provider(
    doc = "The actions of an environment's packages.",
    fields = {"actions": "(dict[string, Action]) By the name of the package's target."},
)

def _collect_impl(target, ctx):
    found = {action.mnemonic + " " + target.label.name: action for action in target.actions if action.mnemonic.startswith("MkConda")}
    for name in ["env", "noarch_packages", "packages", "python"]:
        value = getattr(ctx.rule.attr, name, None)
        for dep in value if type(value) == "list" else [value]:
            if dep and PackageActionsInfo in dep:
                found |= dep[PackageActionsInfo].actions
    return [PackageActionsInfo(actions = found)]

_collect = aspect(implementation = _collect_impl, attr_aspects = ["env", "noarch_packages", "packages", "python"])

def _shared_impl(ctx):
    env = analysistest.begin(ctx)
    first, second, elsewhere = [target[PackageActionsInfo].actions for target in ctx.attr.layers]
    for name in ["MkCondaLayer conda_python_package", "MkCondaLayer conda_np", "MkCondaLayer conda_lib"]:
        # The same action: the outputs have the same paths.
        paths = [[file.path for file in actions[name].outputs.to_list()] for actions in [first, second]]
        asserts.equals(env, paths[0], paths[1], name)

        # Another prefix is another action. Path mapping makes its paths the same.
        other = [file.path for file in elsewhere[name].outputs.to_list()]
        asserts.true(env, paths[0] != other, name)
        asserts.equals(env, [file.basename for file in first[name].outputs.to_list()], [path.rpartition("/")[2] for path in other])

    # Only noarch packages read the facts of the Python package, which do not depend on the prefix.
    asserts.equals(env, ["lib.conda"], input_names(first["MkCondaLayer conda_lib"]))
    asserts.equals(env, ["python.conda"], input_names(first["MkCondaLayer conda_python_package"]))
    asserts.equals(env, ["conda_np.python.json", "np.conda"], input_names(first["MkCondaLayer conda_np"]))
    asserts.equals(env, ["python.conda"], input_names(first["MkCondaPython conda_the_python"]))
    python = [file.path for file in first["MkCondaPython conda_the_python"].outputs.to_list()]
    asserts.equals(env, python, [file.path for file in elsewhere["MkCondaPython conda_the_python"].outputs.to_list()])
    return analysistest.end(env)

_shared_test = analysistest.make(_shared_impl, attrs = {
    "layers": attr.label_list(aspects = [_collect]),
})

def _without_python_impl(ctx):
    env = analysistest.begin(ctx)
    actions = ctx.attr.layers[PackageActionsInfo].actions
    asserts.equals(env, ["np.conda"], input_names(actions["MkCondaLayer conda_np"]))
    asserts.equals(env, [], flags(actions["MkCondaLayer conda_np"], "python"))
    return analysistest.end(env)

_without_python_test = analysistest.make(_without_python_impl, attrs = {
    "layers": attr.label(aspects = [_collect]),
})

def _image_impl(ctx):
    env = analysistest.begin(ctx)
    names = [layer.blob.short_path.rpartition("/")[2] for layer in analysistest.target_under_test(env)[ImageInfo].layers]
    asserts.equals(env, ctx.attr.blobs, names)
    return analysistest.end(env)

_image_test = analysistest.make(_image_impl, attrs = {"blobs": attr.string_list()})

def _index_impl(ctx):
    env = analysistest.begin(ctx)

    # Each image has the packages for its platform, and the images are in the order of the platforms.
    images = analysistest.target_under_test(env)[IndexInfo].images
    asserts.equals(env, [
        [
            "conda_python_arm_package.tar.gz",
            "conda_np.tar.gz",
            "conda_both.environment.tar.gz",
        ],
        [
            "conda_both.packages-0.tar.gz",
            "conda_python_package.tar.gz",
            "conda_np.tar.gz",
            "conda_both.noarch-0.tar.gz",
            "conda_both.environment.tar.gz",
        ],
    ], [[layer.blob.basename for layer in image.layers] for image in images])
    return analysistest.end(env)

_index_test = analysistest.make(_index_impl)

_SIZES = {"lib": "5", "np": "9999999", "python": "9999999", "six": "5"}

def _environment(name, order, python = ":conda_the_python", python_package = "conda_python_package"):
    targets = {"lib": "conda_lib", "np": "conda_np", "python": python_package, "six": "conda_six"}
    conda_environment(
        name = name,
        environment = "env",
        noarch_packages = [targets[package] for package in order if package in ["np", "six"]],
        order = order,
        packages = [targets[package] for package in order if package not in ["np", "six"]],
        python = python,
        sizes = {package: size for package, size in _SIZES.items() if package in order},
        tags = ["manual"],
    )

def conda_tests(name):
    """Declares the tests of conda_layers.

    Args:
      name: Name of the test suite.
    """
    for target, package, rule in [
        ("conda_lib", "lib", conda_package),
        ("conda_np", "np", conda_noarch_package),
        ("conda_python_arm_package", "python", conda_package),
        ("conda_python_package", "python", conda_package),
        ("conda_six", "six", conda_noarch_package),
    ]:
        rule(
            name = target,
            archive = "data/%s.conda" % package,
            package = package,
            tags = ["manual"],
            url = "https://c.example/x/%s-1-0.conda" % package,
        )
    conda_python(name = "conda_the_python", archive = "data/python.conda", tags = ["manual"])
    _environment("conda_env", ["lib", "python", "np", "six"])
    _environment("conda_env_2", ["lib", "np", "python"])
    _environment("conda_env_arm", ["python", "np"], python_package = "conda_python_arm_package")
    _environment("conda_env_bare", ["np"], python = None)
    conda_layers(
        name = "conda_full",
        activation = "shell",
        budget = 10,
        clobber = "last",
        env = "conda_env",
        env_name = "named",
        link_scripts = "ignore",
        prefix = "/srv/env",
        tags = ["manual"],
    )
    conda_layers(
        name = "conda_full_2",
        env = "conda_env_2",
        link_scripts = "ignore",
        prefix = "/srv/env",
        tags = ["manual"],
    )
    conda_layers(name = "conda_elsewhere", env = "conda_env", tags = ["manual"])
    conda_layers(name = "conda_excluded", env = "conda_env", exclude = ["lib", "six"], tags = ["manual"])
    conda_layers(name = "conda_bare", env = "conda_env_bare", tags = ["manual"])
    blobs = [
        "conda_full.packages-0.tar.gz",
        "conda_python_package.tar.gz",
        "conda_np.tar.gz",
        "conda_full.noarch-0.tar.gz",
        "conda_full.environment.tar.gz",
    ]
    _layers_test(
        name = "conda_layers_test",
        blobs = blobs,
        facts = [
            "conda_full.packages-0.facts.json",
            "conda_python_package.facts.json",
            "conda_np.facts.json",
            "conda_full.noarch-0.facts.json",
        ],
        groups = [
            "conda_full.packages-0.tar.gz: lib.conda",
            "conda_full.noarch-0.tar.gz: conda_full.noarch-0.python.json, six.conda",
        ],
        target_under_test = "conda_full",
    )
    _shared_test(
        name = "conda_shared_test",
        layers = ["conda_full", "conda_full_2", "conda_elsewhere"],
        target_under_test = "conda_full",
    )
    _without_python_test(name = "conda_bare_test", layers = "conda_bare", target_under_test = "conda_bare")
    image(name = "conda_image", layers = ["conda_full"], tags = ["manual"])
    _image_test(name = "conda_image_test", blobs = blobs, target_under_test = "conda_image")
    image(name = "conda_excluded_image", layers = ["conda_excluded"], tags = ["manual"])
    _image_test(
        name = "conda_excluded_test",
        blobs = ["conda_python_package.tar.gz", "conda_np.tar.gz", "conda_excluded.environment.tar.gz"],
        target_under_test = "conda_excluded_image",
    )
    native.alias(
        name = "conda_env_any",
        actual = select({
            "@platforms//cpu:aarch64": "conda_env_arm",
            "@platforms//cpu:x86_64": "conda_env",
        }),
        tags = ["manual"],
    )
    conda_layers(name = "conda_both", budget = 10, env = "conda_env_any", tags = ["manual"])
    image(name = "conda_both_image", layers = ["conda_both"], tags = ["manual"])
    image_index(
        name = "conda_index",
        images = ["conda_both_image"],
        platforms = ["@rules_go//go/toolchain:linux_arm64", "@rules_go//go/toolchain:linux_amd64"],
        tags = ["manual"],
    )
    _index_test(name = "conda_index_test", target_under_test = "conda_index")
    _split_test(name = "conda_split_test")
    _prefix_test(name = "conda_prefix_test")
    native.test_suite(name = name, tests = [
        "conda_bare_test",
        "conda_excluded_test",
        "conda_image_test",
        "conda_index_test",
        "conda_layers_test",
        "conda_prefix_test",
        "conda_shared_test",
        "conda_split_test",
        refusal(conda_layers, "conda_relative", ["attribute prefix: \"opt\" must be an absolute path"], env = "conda_env", prefix = "opt"),
        refusal(conda_layers, "conda_few", ["attribute budget: 1 is not a number from 2 to 126"], budget = 1, env = "conda_env"),
        refusal(conda_layers, "conda_many", ["attribute budget: 127", "127 layers"], budget = 127, env = "conda_env"),
        refusal(conda_layers, "conda_typo", ["attribute exclude: the environment has no package nump", "lib, np"], env = "conda_env", exclude = ["nump"]),
    ])
