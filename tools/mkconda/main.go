// Mkconda turns Conda packages into layers of a container image.
//
//	mkconda python --package=python-3.11.9-0.conda --output=python.json
//	mkconda layer --prefix=/opt/conda --python=python.json --package=np.conda --url=https://... \
//	    --output=np.tar.gz --descriptor=np.json --facts=np.facts.json
//	mkconda environment --prefix=/opt/conda --name=base --facts=python.facts.json --facts=np.facts.json \
//	    --output=environment.tar.gz --descriptor=environment.json --packages=packages.json
//
// A layer depends on its packages, their URLs and the prefix, and, if it has packages of Python code, on the version of
// Python. Everything that concerns several packages is in the layer of the environment. docs/internals/conda.md compares
// the result with what conda installs. "mkconda COMMAND --help" lists the flags.
package main

import "github.com/rules-strata/rules_strata/tools/internal/cli"

var command = cli.Group{
	Name:     "mkconda",
	Summary:  "turn Conda packages into layers",
	Commands: []cli.Command{pythonCommand, layerCommand, environmentCommand},
}

func main() { command.Main() }
