"""The lock files of Conda environments: each format, and files that are rejected."""

load("@bazel_skylib//lib:unittest.bzl", "asserts", "unittest")
load("//rules/private/repo:conda_lock.bzl", "lock_request", "read_conda_lock")
load("//rules/private/repo:conda_plan.bzl", "add_archives", "archive_name", "environment_attrs")
load("//rules/private/repo:conda_records.bzl", "dependencies_first", "name_of")
load("//rules/private/repo:conda_repositories.bzl", "conda_build_file")

visibility("private")

_A = "a" * 64
_B = "b" * 64
_C = "c" * 64
_CHANNEL = "https://c.example/forge/"

_V6 = """version: 6
environments:
  default:
    channels:
      - url: https://c.example/forge/
    packages:
      linux-64:
        - conda: https://c.example/forge/linux-64/_lib-x-1!2.0-h1_0.conda
        - conda: https://c.example/forge/linux-64/python-3.11.9-0.tar.bz2
        - conda: https://c.example/forge/noarch/np-1.0-py_0.conda
      osx-arm64:
        - conda: https://c.example/forge/noarch/np-1.0-py_0.conda
  test:
    packages:
      linux-64:
        - conda: https://c.example/forge/noarch/np-1.0-py_0.conda
        - pypi: https://files.example/x/wheel-1.0-py3-none-any.whl
        - conda: ./recipes/own
packages:
  - conda: https://c.example/forge/linux-64/_lib-x-1!2.0-h1_0.conda
    sha256: {a}
    md5: d7c89558ba9fa0495403155b64376d81
    size: 3000000
  - conda: https://c.example/forge/linux-64/python-3.11.9-0.tar.bz2
    sha256: {b}
    depends:
      - "_lib-x >=1!2,<2"
      - __glibc >=2.17
  - conda: https://c.example/forge/noarch/np-1.0-py_0.conda
    sha256: {c}
    depends:
      - python >=3.8
    size: 5
  - conda: ./recipes/own
    name: own
    depends: []
""".format(a = _A, b = _B, c = _C)

_V5 = """version: 5
environments:
  default:
    packages:
      linux-64:
      - conda: https://c.example/forge/linux-64/zlib-1-0.conda
packages:
- kind: conda
  name: zlib
  url: https://c.example/forge/linux-64/zlib-1-0.conda
  sha256: %s
""" % _A

_V7 = """version: 7
platforms:
- name: gpu
  subdir: linux-64
- name: linux-64
environments:
  default:
    packages:
      gpu:
      - conda: https://c.example/forge/linux-64/zlib-1-0.conda
      - conda_source: own[0123] @ recipes/own
      linux-64:
      - conda: https://c.example/forge/linux-64/zlib-1-0.conda
packages:
- conda: https://c.example/forge/linux-64/zlib-1-0.conda
  sha256: %s
""" % _A

_YML = """# conda-lock
version: 1
metadata:
  platforms:
  - linux-64
package:
- name: z
  version: '0.1'
  manager: conda
  platform: linux-64
  dependencies:
    a: '>=1'
  url: https://c.example/forge/linux-64/z-0.1-0.conda
  hash:
    md5: d7c89558ba9fa0495403155b64376d81
    sha256: %s
  category: main
  optional: false
- name: a
  manager: conda
  platform: linux-64
  dependencies: {}
  url: https://c.example/forge/linux-64/a-0.1-0.conda
  hash:
    sha256: %s
- name: old
  manager: conda
  platform: linux-64
  url: https://c.example/forge/linux-64/old-0.1-0.tar.bz2
  hash:
    md5: d7c89558ba9fa0495403155b64376d81
  category: dev
- name: wheel
  manager: pip
  platform: linux-64
  url: https://files.example/x/wheel-1.0-py3-none-any.whl
  hash:
    sha256: %s
  category: test
""" % (_A, _B, _C)

_EXPLICIT = """# platform: linux-64
@EXPLICIT
https://c.example/forge/linux-64/z-0.1-0.conda#%s
https://c.example/forge/noarch/a-0.1-0.conda#sha256:%s
""" % (_A, _B)

# Packages with the same file name.
_TWO_PLATFORMS = """version: 6
environments:
  default:
    packages:
      linux-64:
        - conda: https://c.example/forge/linux-64/a-1-0.conda
      linux-aarch64:
        - conda: https://c.example/forge/linux-aarch64/a-1-0.conda
packages:
  - conda: https://c.example/forge/linux-64/a-1-0.conda
    sha256: {a}
  - conda: https://c.example/forge/linux-aarch64/a-1-0.conda
    sha256: {b}
""".format(a = _A, b = _B)

def _summary(platforms):
    return {
        platform: " ".join([
            "%s:%s:%d%s" % (package.name, package.sha256[0], package.size, ":noarch" if package.noarch else "")
            for package in one.packages
        ])
        for platform, one in platforms.items()
    }

_READ = [
    (_V6, {}, {"linux-64": "_lib-x:a:3000000 python:b:0 np:c:5:noarch"}),
    (_V6.replace("\n", "\r\n"), {}, {"linux-64": "_lib-x:a:3000000 python:b:0 np:c:5:noarch"}),
    (_V6, {"exclude": ["python"]}, {"linux-64": "_lib-x:a:3000000 np:c:5:noarch"}),
    (_V6, {"environment": "test", "exclude": ["own"], "pypi": "ignore"}, {"linux-64": "np:c:5:noarch"}),
    (_V5, {}, {"linux-64": "zlib:a:0"}),
    (_V5.replace("version: 5", "version: 4"), {"platforms": ["linux-64"]}, {"linux-64": "zlib:a:0"}),
    (_V7, {"platforms": ["linux-64"]}, {"linux-64": "zlib:a:0"}),
    (_V7, {"exclude": ["own"]}, {"gpu": "zlib:a:0", "linux-64": "zlib:a:0"}),
    (_YML, {}, {"linux-64": "a:b:0 z:a:0"}),
    (_YML, {"categories": ["test", "main"], "pypi": "ignore"}, {"linux-64": "a:b:0 z:a:0"}),
    (_EXPLICIT, {}, {"linux-64": "z:a:0 a:b:0:noarch"}),
    (_EXPLICIT.replace("\n", "\r\n"), {"platforms": ["linux-64"]}, {"linux-64": "z:a:0 a:b:0:noarch"}),
    (_EXPLICIT.replace("# platform: linux-64", ""), {"exclude": ["a"]}, {"linux-64": "z:a:0"}),
    ("@EXPLICIT\n%snoarch/a-0.1-0.conda#%s" % (_CHANNEL, _A), {"platforms": ["linux-s390x"]}, {"linux-s390x": "a:a:0:noarch"}),
]

_URL = "line 3: https://c.example/forge/linux-64/"

_REFUSED = [
    ("hello", {}, "line 1: expected KEY: VALUE"),
    ("", {}, "neither a pixi.lock, nor"),
    ("a: b\n", {}, "neither a pixi.lock, nor"),
    (_V6, {"environment": "prod"}, "environment \"prod\" not found, only: default, test"),
    (_V6, {"environment": "test", "exclude": ["own"]}, "packages from PyPI are not supported: wheel-1.0-py3-none-any.whl"),
    (_V6, {"environment": "test", "pypi": "ignore"}, "./recipes/own is not the URL of a package"),
    (_V6, {"platforms": ["linux-aarch64"]}, "platforms: linux-aarch64 is not in the file, only: linux-64, osx-arm64"),
    (_V6, {"platforms": ["osx-arm64"]}, "platforms: osx-arm64: images are for Linux"),
    (_V6, {"exclude": ["_lib-x", "np", "python"]}, "platform linux-64: no packages"),
    (_V6.replace("version: 6", "version: 8"), {}, "version 8 of pixi.lock is not supported"),
    (_V6.replace("version: 6", "version: [6]"), {}, "line 1: unsupported syntax"),
    (_V6.replace("    size: 3000000", "    size: 3e6"), {}, "size \"3e6\": expected a number"),
    (_V6.replace(_A, "x" * 64), {}, "expected 64 hexadecimal digits"),
    (_V6.replace("    sha256: %s\n" % _A, ""), {}, "package _lib-x-1!2.0-h1_0.conda: it has an md5 and no sha256"),
    (_V6.replace("    sha256: %s\n" % _B, ""), {}, "package python-3.11.9-0.tar.bz2: it has no sha256"),
    (_V6 + "  - conda: https://c.example/forge/noarch/np-1.0-py_0.conda\n    sha256: %s\n" % _A, {}, "has two different hashes"),
    (_V7, {}, "own[0123] @ recipes/own is not the URL of a package"),
    (_V7.replace("linux-64", "osx-64"), {"exclude": ["own"]}, "no platform that an image can have, only: gpu, osx-64"),
    (_V5.replace("linux-64/zlib", "linux-aarch64/zlib"), {}, "it is for linux-aarch64, and the environment for linux-64"),
    (_V5.replace("https://", "https://u:$TOKEN@"), {}, "the URL contains a variable"),
    (_V5.replace("https://", "ftp://"), {}, "is not the URL of a package"),
    (_V5.replace("zlib-1-0.conda", "zlib-1-0.zip"), {}, "is not the URL of a package"),
    (_V5.replace("zlib-1-0.conda", "zlib\"-1-0.conda"), {}, "is not the URL of a package"),
    (_V5.replace("zlib-1-0.conda", "zlib-1-0.conda?x=.conda"), {}, "is not the URL of a package"),
    (_YML, {"categories": ["main", "dev"]}, "package old-0.1-0.tar.bz2: it has an md5 and no sha256, which a download must have"),
    (_YML, {"categories": ["test"]}, "packages of pip are not supported: wheel"),
    (_YML, {"categories": ["x"]}, "category \"x\" not found, only: main, dev, test"),
    (_YML.replace("version: 1", "version: 2"), {}, "version 2 of conda-lock.yml"),
    (_YML.replace("  manager: pip\n", ""), {}, "package[3].manager: expected text"),
    (_EXPLICIT.replace(_A, _A[:32]), {}, "line 3: package z-0.1-0.conda: it has an md5 and no sha256"),
    (_EXPLICIT.replace("#" + _A, ""), {}, "line 3: package z-0.1-0.conda: it has no sha256"),
    (_EXPLICIT.replace("/z-0.1-0.conda", "/z.conda"), {}, _URL + "z.conda is not the URL of a package"),
    (_EXPLICIT.replace("# platform: linux-64", "# platform: win-64"), {}, "no platform that an image can have, only: win-64"),
    (_EXPLICIT.replace("linux-64", "linux-32", 1).replace("# platform: linux-32\n", ""), {"platforms": ["linux-32"]}, "is not in the file"),
    (_EXPLICIT + "%slinux-64/z-0.2-0.conda#%s\n" % (_CHANNEL, _C), {}, "platform linux-64: package z: both"),
    ("@EXPLICIT\n%snoarch/a-0.1-0.conda#%s" % (_CHANNEL, _A), {}, "the file must be for one platform, and is for: none"),
    ("@EXPLICIT\n-r other.txt\n", {"platforms": ["linux-64"]}, "is not in the file, only: -r other.txt"),
]

def _read_impl(ctx):
    env = unittest.begin(ctx)
    for text, request, want in _READ:
        platforms, problem = read_conda_lock(text, lock_request(**request))
        asserts.equals(env, None, problem, "%s of %s" % (request, text))
        asserts.equals(env, want, _summary(platforms or {}), "%s of %s" % (request, text))
    return unittest.end(env)

_read_test = unittest.make(_read_impl)

def _refused_impl(ctx):
    env = unittest.begin(ctx)
    for text, request, want in _REFUSED:
        platforms, problem = read_conda_lock(text, lock_request(**request))
        asserts.true(env, platforms == None and want in (problem or ""), "want %s, got %s" % (want, problem))
    return unittest.end(env)

_refused_test = unittest.make(_refused_impl)

def _order_impl(ctx):
    env = unittest.begin(ctx)
    for want, depends in {
        "a b c": {"c": [], "b": [], "a": []},
        "c a b": {"a": ["c"], "b": ["c", "__glibc"], "c": []},
        "c b a": {"a": ["b"], "b": ["c"], "c": []},
        # A cycle is broken at one of its members, not at what depends on it.
        "d b a c": {"a": ["b"], "b": ["c", "d"], "c": ["b"], "d": ["d"]},
    }.items():
        packages = [struct(name = name, depends = names) for name, names in depends.items()]
        asserts.equals(env, want, " ".join([package.name for package in dependencies_first(packages)]))
    for url, want in {
        "https://x/linux-64/_libgcc_mutex-0.1-conda_forge.tar.bz2": "_libgcc_mutex",
        "https://x/linux-64/ld_impl_linux-64-2.40-h41732ed_0.conda": "ld_impl_linux-64",
        "https://x/linux-64/a-1.conda": None,
        "https://x/linux-64/-1-0.conda": None,
        "https://x/linux-64/a-1-0.whl": None,
    }.items():
        asserts.equals(env, want, name_of(url))
    return unittest.end(env)

_order_test = unittest.make(_order_impl)

def _plan_impl(ctx):
    env = unittest.begin(ctx)
    archives = {}
    both = read_conda_lock(_V6, lock_request())[0]
    add_archives(archives, both, {"https://c.example/forge": ["https://m.example/f/", "https://n.example"]})
    add_archives(archives, read_conda_lock(_V6.replace("https://c.", "https://d."), lock_request(exclude = ["_lib-x", "python"]))[0], {})
    asserts.equals(env, [
        "conda__lib-x-1_2.0-h1_0_aaaaaaaaaaaa",
        "conda_python-3.11.9-0_bbbbbbbbbbbb",
        "conda_np-1.0-py_0_cccccccccccc",
    ], archives.keys())
    asserts.equals(env, {
        "file": None,
        "noarch": True,
        "package": "np",
        "sha256": _C,
        "url": "https://c.example/forge/noarch/np-1.0-py_0.conda",
        "urls": [
            "https://m.example/f/noarch/np-1.0-py_0.conda",
            "https://n.example/noarch/np-1.0-py_0.conda",
            "https://c.example/forge/noarch/np-1.0-py_0.conda",
            "https://d.example/forge/noarch/np-1.0-py_0.conda",
        ],
    }, archives["conda_np-1.0-py_0_cccccccccccc"])
    add_archives(archives, both, {}, [Label("//rules/tests:data/np-1.0-py_0.conda"), Label("//rules/tests:other")])
    files = [archive["file"] for archive in archives.values()]
    asserts.equals(env, [None, None, str(Label("//rules/tests:data/np-1.0-py_0.conda"))], files)

    # A directory of a channel takes precedence over the order of the labels.
    two = read_conda_lock(_TWO_PLATFORMS, lock_request())[0]
    for directories in [["linux-64", "linux-aarch64"], ["linux-aarch64", "linux-64"]]:
        archives_of_two = {}
        labels = [Label("//rules/tests:data/%s/a-1-0.conda" % directory) for directory in directories]
        add_archives(archives_of_two, two, {}, labels)
        asserts.equals(env, {
            archive["url"]: str(Label("//rules/tests:data/" + archive["url"].removeprefix("https://c.example/forge/")))
            for archive in archives_of_two.values()
        }, {archive["url"]: archive["file"] for archive in archives_of_two.values()})
        asserts.equals(env, 2, len(archives_of_two))

    asserts.equals(env, archives.keys(), [archive_name(package) for package in both["linux-64"].packages])

    pythons = struct(repository = "pythons", targets = {"3.11_linux-64": "another"})
    text = conda_build_file("env", environment_attrs(both, pythons))
    for part in [
        "name = \"linux-64\",\n    environment = \"env\",\n    noarch_packages = [\"@conda_np-1.0-py_0_cccccccccccc//:package\"],\n",
        "    order = [\"_lib-x\", \"python\", \"np\"],\n",
        "    python = \"@pythons//:3.11_linux-64_1\",\n",
        "    sizes = {\"_lib-x\": \"3000000\", \"np\": \"5\"},\n",
        "alias(\n    name = \"env\",\n    actual = select({\":is_linux-64\": \":linux-64\"}, ",
    ]:
        asserts.true(env, part in text, "%s is not in %s" % (part, text))

    # Environments with the same Python have the same target, and an update of the only one keeps it.
    environment_attrs(both, pythons)
    asserts.equals(env, {
        "3.11_linux-64": "another",
        "3.11_linux-64_1": "conda_python-3.11.9-0_bbbbbbbbbbbb",
    }, pythons.targets)

    # Of two platforms with the same constraints, the first is the environment of the target platform.
    text = conda_build_file("env", environment_attrs(read_conda_lock(_V7, lock_request(exclude = ["own"]))[0], pythons))
    asserts.true(env, "select({\":is_gpu\": \":gpu\"}, " in text, text)
    asserts.true(env, "python = None" in text, text)
    return unittest.end(env)

_plan_test = unittest.make(_plan_impl)

def conda_lock_tests(name):
    """Declares the tests of the readers of lock files.

    Args:
      name: Name of the test suite.
    """
    unittest.suite(name, _read_test, _refused_test, _order_test, _plan_test)
