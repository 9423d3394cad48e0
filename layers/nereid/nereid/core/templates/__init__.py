"""Templates: what is shown to people, filled in with their events' data.

Liquid loads, with everything else that it has, filters that work with Babel, catalogues of translations, and loaders of
files and packages, which bring asyncio. None of it is offered here, and together it takes longer than the rest of
Liquid: a fifth of a deliverer's cold start. Liquid asks for the names of these classes alone, so that each is loaded
when an instance of it is made, which is never.
"""

import importlib
import sys
from functools import partial
from types import ModuleType
from typing import Any

#: The modules that are put off, each with the names that Liquid asks of it.
_PUT_OFF = {
    "babel.messages": ("Catalog",),
    "liquid.extra.filters.babel": ("Currency", "DateTime", "Number", "Unit"),
    "liquid.builtin.loaders.caching_file_system_loader": ("CachingFileSystemLoader",),
    "liquid.builtin.loaders.file_system_loader": ("FileSystemLoader",),
    "liquid.builtin.loaders.package_loader": ("PackageLoader",),
}


#: Those that stand in for them.
_stand_ins: dict[str, ModuleType] = {}


def _make(module: str, name: str, *args: Any, **named: Any) -> Any:
    """Return an instance of a class that was put off."""
    # All at once, since one of them is made of another.
    for each, stand_in in _stand_ins.items():
        if sys.modules.get(each) is stand_in:
            del sys.modules[each]
    return getattr(importlib.import_module(module), name)(*args, **named)


def _put_off(module: str, names: tuple[str, ...]) -> None:
    stand_in = sys.modules[module] = _stand_ins[module] = ModuleType(module)
    for name in names:
        setattr(stand_in, name, partial(_make, module, name))


if "liquid" not in sys.modules:
    for _module, _names in _PUT_OFF.items():
        if _module not in sys.modules:
            _put_off(_module, _names)
