from python.runfiles import runfiles


def hello():
    """What the file beside this module says: an apparent name, as this repository knows itself."""
    found = runfiles.Create()
    with open(found.Rlocation("greeting/hello.txt", found.CurrentRepository())) as file:
        return file.read().strip()
