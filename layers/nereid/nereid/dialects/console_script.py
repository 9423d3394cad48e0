"""The console's modules as one script: loading it is one call of a Lambda, and not dozens at the same moment.

The modules are plain ES modules, of which this knows what they use: imports of names or of a whole module, and exports
of functions, classes and constants. Anything else is an error, when the first page is served and in every test.
"""

import posixpath
import re
from collections.abc import Iterator, Mapping

_IMPORT = re.compile(r'^import\s+(?:\{([^}]*)\}|\*\s+as\s+(\w+))\s+from\s+"(\.[^"]+)";$', re.MULTILINE)
_EXPORT = re.compile(r"^export (?=(?:async )?(?:function\*?|class|const) (\w+))", re.MULTILINE)
#: Comments have imports, too: those of types.
_OTHER = re.compile(r"^(?:import|export)\b.*|^(?!\s*(?:\*|/\*|//)).*\bimport\(.*", re.MULTILINE)


def link(modules: Mapping[str, str], first: str) -> str:
    """Return a script that does what a module does, with all that it imports.

    Parameters
    ----------
    modules
        The text of each module by its path.
    first
        The path of the module to run.

    Raises
    ------
    ValueError
        If a module imports or exports in a way that is not known here, or modules import each other in a circle.
    KeyError
        If a module that is imported is not there.
    """
    return "\n".join(_linked(modules, first, {}))


def _linked(modules: Mapping[str, str], path: str, done: dict[str, bool]) -> Iterator[str]:
    """Yield the modules that one needs, then itself, each once; `done` is false for those that wait for theirs."""
    if not done.setdefault(path, False):
        text = modules[path]
        for _, _, wanted in _IMPORT.findall(text):
            needed = _resolved(path, wanted)
            if done.get(needed) is False:
                raise ValueError(f"{path} and {needed} need each other")
            if needed not in done:
                yield from _linked(modules, needed, done)
        yield _wrapped(path, text)
        done[path] = True


def _wrapped(path: str, text: str) -> str:
    def bound(found: re.Match[str]) -> str:
        names, whole, wanted = found.groups()
        module = _identifier(_resolved(path, wanted))
        return f"const {whole or '{' + names.replace(' as ', ': ') + '}'} = {module};"

    exported = _EXPORT.findall(text)
    inner = _EXPORT.sub("", _IMPORT.sub(bound, text))
    if strange := _OTHER.search(inner):
        raise ValueError(f"{path}: cannot link {strange[0]!r}")
    return f"// {path}\nconst {_identifier(path)} = (() => {{\n{inner}\nreturn {{ {', '.join(exported)} }};\n}})();"


def _resolved(path: str, wanted: str) -> str:
    return posixpath.normpath(posixpath.join(posixpath.dirname(path), wanted))


def _identifier(path: str) -> str:
    return "$" + re.sub(r"\W", "_", path.removesuffix(".js"))
