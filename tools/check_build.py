"""Check that Lambda can use the output of `sam build`: bytecode, machine code and size.

    tools/check_build.py .aws-sam/build

Each source file of the layers needs bytecode of Lambda's Python that is never checked against the source: a layer's
folder is read-only, so a module without fitting bytecode is silently compiled again at every cold start.
"""

from __future__ import annotations

import struct
import sys
import tomllib
from pathlib import Path

LAYERS = ("DepsLayer", "NereidLayer")
# The beginning of CPython 3.13's bytecode, and the flag "by hash, unchecked".
MAGIC = 3571
UNCHECKED = 0b01
# e_machine in the header of an ELF file.
MACHINES = {"arm64": 183, "x86_64": 62}
# Lambda's limit is 250 MB for a function with its layers; this leaves room and tells when a package is large.
LARGEST = 80 * 1024 * 1024


def architecture(build: Path) -> str:
    """Return the template's architecture, as `sam build` wrote it down beside the folder."""
    definitions = tomllib.loads((build.parent / "build.toml").read_text())["layer_build_definitions"]
    return next(str(one["architecture"]) for one in definitions.values() if one["layer_name"] == "DepsLayer")


def bytecode(source: Path) -> str | None:
    """Return the error in the bytecode of a source file, if any."""
    compiled = source.parent / "__pycache__" / f"{source.stem}.cpython-313.pyc"
    if not compiled.exists():
        return f"{source}: no bytecode"
    magic, flags = struct.unpack("<H2xI", compiled.read_bytes()[:8])
    if magic != MAGIC:
        return f"{source}: bytecode of another Python ({magic})"
    if flags != UNCHECKED:
        return f"{source}: bytecode that Lambda would check against the source ({flags})"
    return None


def machine(library: Path, wanted: str) -> str | None:
    """Return the error in a native library, if any."""
    (found,) = struct.unpack_from("<H", library.read_bytes(), 18)
    return None if found == MACHINES[wanted] else f"{library}: not built for {wanted}"


def problems(build: Path) -> list[str]:
    """Return all that is wrong, in words."""
    wanted = architecture(build)
    folders = [build / layer / "python" for layer in LAYERS]
    missing = [f"{folder}: not there" for folder in folders if not folder.is_dir()]
    # The one file of the layer that is no module.
    described = folders[1] / "nereid" / "dialects" / "openapi.json"
    if folders[1].is_dir() and not described.is_file():
        missing.append(f"{described}: not there")
    sources = [bytecode(path) for folder in folders for path in sorted(folder.rglob("*.py"))]
    libraries = [machine(path, wanted) for folder in folders for path in sorted(folder.rglob("*.so*"))]
    size = sum(path.stat().st_size for folder in folders for path in folder.rglob("*") if path.is_file())
    large = [f"the layers have {size / 1e6:.0f} MB"] if size > LARGEST else []
    found = missing + [problem for problem in sources + libraries if problem] + large
    if not found:
        print(f"Layers: {size / 1e6:.0f} MB, {len(sources)} modules with bytecode, all for {wanted}.")
    return found


if __name__ == "__main__":
    if wrong := problems(Path(sys.argv[1])):
        sys.exit("\n".join(wrong))
