"""The inputs of a Conda package's layer besides its archive: build settings that conda_layers and environments set.

The layer of a package is an action of a target in the repository of its archive. All conda_layers with the same values depend
on the same configured target, so they share one action, and a remote cache shares it with other builds. The alternatives do
not: outputs of conda_layers itself would have its name in their paths, and an aspect cannot have a free string as a parameter.
"""

visibility(["//rules/..."])

_PREFIX = str(Label("//rules/private:conda_prefix"))
_LINK_SCRIPTS = str(Label("//rules/private:conda_link_scripts"))
_PYTHON = str(Label("//rules/private:conda_python"))
_NO_PYTHON = str(Label("//rules/private:no_conda_python"))

_NOTHING = {_PREFIX: "", _LINK_SCRIPTS: "error", _PYTHON: _NO_PYTHON}

CONDA_SETTINGS = _NOTHING.keys()

def without_conda_settings():
    """Returns the values of the settings outside of environments, for transitions."""
    return dict(_NOTHING)

# For the dependency on an environment.
for_layers = transition(
    implementation = lambda _settings, attr: _NOTHING | {_PREFIX: attr.prefix, _LINK_SCRIPTS: attr.link_scripts},
    inputs = [],
    outputs = CONDA_SETTINGS,
)

# For the dependencies of an environment on its noarch packages. All other packages do not depend on its Python.
for_noarch = transition(
    implementation = lambda _settings, attr: {_PYTHON: str(attr.python) if attr.python else _NO_PYTHON},
    inputs = [],
    outputs = [_PYTHON],
)

# For targets that do not depend on the settings.
outside_layers = transition(
    implementation = lambda _settings, _attr: _NOTHING,
    inputs = [],
    outputs = CONDA_SETTINGS,
)
