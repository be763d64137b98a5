from python.runfiles import runfiles


def hello():
    """The text of the file next to this module, found by the apparent name that this repository has for itself."""
    found = runfiles.Create()
    with open(found.Rlocation("greeting/hello.txt", found.CurrentRepository())) as file:
        return file.read().strip()
