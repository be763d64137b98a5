"""Assigns the packages of a Conda environment to layers: a pure function of the lock file and the number of layers."""

visibility(["//rules/..."])

# Packages from this size on have a layer of their own, as long as there are enough layers.
LARGE = 2 * 1024 * 1024

def split_packages(packages, sizes, budget):
    """Splits packages into groups.

    An update of one package changes one group, unless the package crosses LARGE. The groups of small packages are chosen by
    name, so other packages stay where they are.

    Args:
      packages: list of structs with name and noarch, dependencies first.
      sizes: dict from name to the size of the archive. Packages of unknown size are treated as large.
      budget: Maximum number of groups, at least 1.

    Returns:
      list of struct(name, packages), lowest layer first. The name is None for a package with a layer of its own.
    """
    if budget < 3:
        return [struct(name = "packages", packages = packages)] if packages else []
    buckets = max(1, budget // 10)
    large = sorted([
        (-sizes.get(package.name, LARGE), package.name)
        for package in packages
        if sizes.get(package.name, LARGE) >= LARGE
    ])
    alone = {name: None for _, name in large[:budget - 2 * buckets]}
    groups = {"%s-%d" % (kind, number): [] for kind in ["packages", "noarch"] for number in range(buckets)}
    for package in packages:
        if package.name not in alone:
            groups["%s-%d" % ("noarch" if package.noarch else "packages", hash(package.name) % buckets)].append(package)
    found = {
        kind: [
            struct(name = name, packages = group)
            for name, group in groups.items()
            if group and name.startswith(kind)
        ]
        for kind in ["packages", "noarch"]
    }
    return found["packages"] + [
        struct(name = None, packages = [package])
        for package in packages
        if package.name in alone
    ] + found["noarch"]
