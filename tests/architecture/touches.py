"""The checker of the numbered boundaries (`firstcontact.boundaries`).

`findings(source)` parses every module under `source/firstcontact` and returns one sentence for each place
where the process touches the world without a number of its own, and for each number that is amiss. It imports
nothing of what it checks.
"""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from rooms import Module, imports, modules

BOUNDARIES = "firstcontact.boundaries"
CRM_CALLS = frozenset(
    {
        "find", "read", "accounts", "matters", "apply", "written", "changed_since", "size", "users",
        "examine", "prepare",
    }
)  # fmt: skip
"""What `contract.Crm`, `Examined` and `Prepared` ask of the world; capabilities are data that a connector
declares once."""
ASKS_A_VENDOR = frozenset({("firstcontact.lanes.credentials", "ask")})
"""Calls of what a connector hands over, which asks its vendor."""
WRITE_MODES = frozenset("wax+")
WRITE_FLAGS = frozenset({"O_WRONLY", "O_RDWR", "O_CREAT", "O_APPEND", "O_TRUNC"})
OF_OS = frozenset(
    {
        "chmod", "ftruncate", "link", "makedirs", "mkdir", "remove", "rename", "replace", "rmdir", "symlink",
        "truncate", "unlink", "write",
    }
)  # fmt: skip
OF_PATHS = frozenset(
    {"chmod", "hardlink_to", "mkdir", "rmdir", "symlink_to", "touch", "unlink", "write_bytes", "write_text"}
)
OF_SHUTIL = frozenset({"copy", "copy2", "copyfile", "copytree", "make_archive", "move", "rmtree"})
OF_TEMPFILE = frozenset({"mkdtemp", "mkstemp", "NamedTemporaryFile"})
"""`TemporaryFile` and `TemporaryDirectory` are not among them: nobody finds again what is in those."""
MOVES = frozenset({"rename", "replace"})
"""Methods of a path with one argument; a text's `replace` has two."""

PASSES_ON = frozenset({"firstcontact.store.engine", "firstcontact.ledger.book"})
"""Where a transaction's number is handed through."""
STANDS_IN_FRONT = frozenset(
    {
        "firstcontact.flow.indexed",
        "firstcontact.flow.read_only",
        "firstcontact.lanes.pacing",
        "firstcontact.operating.watched_crm",
    }
)
"""A CRM in front of the CRM: the touch is its caller's."""
ONLY_TESTS_CALL = frozenset({("firstcontact.store.migrations", "upgrade_from_nothing")})


def findings(source: Path) -> list[str]:
    """One sentence for each touch without a number and each number that is amiss."""
    tree = modules(source)
    said = _Numbers(tree[BOUNDARIES])
    found = list(said.faults())
    used: Counter[str] = Counter()
    for module in tree.values():
        if module.room == "testing" or module.name == BOUNDARIES:
            continue
        look = _Look(module)
        look.visit(module.tree)
        found += look.found
        used.update(look.used)
        found += [
            f"{module.name}:{each.line}: watches the boundaries, which only tests do"
            for each in imports(module)
            if each.target == f"{BOUNDARIES}.watched"
        ]
    for name in said.names:
        if used[name] != 1:
            found.append(f"Boundary.{name} stands at {used[name]} places; each number is one place's")
    found += [f"Boundary.{name} is not there" for name in sorted(used.keys() - set(said.names))]
    return found


def meanings(source: Path) -> list[tuple[int, str, str, str]]:
    """Each boundary's number, name, place (`module:function`) and what it says, in their order."""
    tree = modules(source)
    places: dict[str, str] = {}
    for module in tree.values():
        if module.room != "testing" and module.name != BOUNDARIES:
            look = _Look(module)
            look.visit(module.tree)
            places |= look.places
    return [
        (number, name, places.get(name, ""), says) for number, name, says in _Numbers(tree[BOUNDARIES]).rows
    ]


class _Numbers:
    """The members of `Boundary` as they are written down."""

    def __init__(self, module: Module) -> None:
        kind = next(n for n in module.tree.body if isinstance(n, ast.ClassDef) and n.name == "Boundary")
        self.rows: list[tuple[int, str, str]] = []
        for node, following in zip(kind.body, [*kind.body[1:], ast.Pass()], strict=True):
            if isinstance(node, ast.Assign):
                says = ""
                if isinstance(following, ast.Expr) and isinstance(following.value, ast.Constant):
                    says = str(following.value.value)
                self.rows.append((ast.literal_eval(node.value), ast.unparse(node.targets[0]), says))
        self.names = [name for _, name, _ in self.rows]

    def faults(self) -> Iterator[str]:
        """Numbers that are left out or doubled, and those that say nothing."""
        numbers = Counter(number for number, _, _ in self.rows)
        for number in range(1, max([*numbers, len(self.rows)]) + 1):
            if numbers[number] != 1:
                yield f"{numbers[number]} boundaries have the number {number}"
        for _, name, says in self.rows:
            if not says:
                yield f"Boundary.{name} does not say what is done there"


class _Look(ast.NodeVisitor):
    """One module's touches, each inside which number."""

    def __init__(self, module: Module) -> None:
        self.found: list[str] = []
        self.used: Counter[str] = Counter()
        self.places: dict[str, str] = {}
        self._module = module
        self._inside: list[str] = []
        self._touched: set[str] = set()
        self._functions: list[str] = []

    def visit_FunctionDef(self, node: ast.FunctionDef) -> None:
        inside, self._inside = self._inside, []  # it runs when it is called, not where it stands
        self._functions.append(node.name)
        self.generic_visit(node)
        self._functions.pop()
        self._inside = inside

    def visit_ClassDef(self, node: ast.ClassDef) -> None:
        self._functions.append(node.name)
        self.generic_visit(node)
        self._functions.pop()

    def visit_Lambda(self, node: ast.Lambda) -> None:
        inside, self._inside = self._inside, []
        self.generic_visit(node)
        self._inside = inside

    def visit_With(self, node: ast.With) -> None:
        begun: list[tuple[str, int]] = []
        for item in node.items:
            self.visit(item)
            if isinstance(item.context_expr, ast.Call) and _name(item.context_expr.func) == "crossing":
                name = _boundary(item.context_expr.args[0] if item.context_expr.args else None)
                self._inside.append(name)
                begun.append((name, item.context_expr.lineno))
        for statement in node.body:
            self.visit(statement)
        for name, line in begun:
            self._inside.pop()
            if name and name not in self._touched:
                self._say(line, f"crossing(Boundary.{name}) is around nothing that touches the world")

    def visit_Attribute(self, node: ast.Attribute) -> None:
        if isinstance(node.value, ast.Name) and node.value.id == "Boundary":
            self.used[node.attr] += 1
            self.places[node.attr] = f"{self._module.name}:{'.'.join(self._functions)}"
        self.generic_visit(node)

    def visit_Call(self, node: ast.Call) -> None:
        if _name(node.func) == "crossing" and not _boundary(node.args[0] if node.args else None):
            if self._module.name not in PASSES_ON:
                self._say(node.lineno, "crossing() is not given a Boundary by its name")
        elif (position := self._transaction(node)) is not None:
            if not _boundary(node.args[position] if len(node.args) > position else None):
                self._say(node.lineno, f"{ast.unparse(node.func)}() is a transaction without a number")
        elif what := self._touch(node):
            if not self._inside or not self._inside[-1]:
                self._say(node.lineno, f"{what} stands in no crossing(Boundary...)")
            else:
                self._touched.update(self._inside)
        self.generic_visit(node)

    def _transaction(self, node: ast.Call) -> int | None:
        """Where a write transaction's number stands among its arguments; None: this begins none."""
        if (
            self._module.name in PASSES_ON
            or (self._module.name, ".".join(self._functions)) in ONLY_TESTS_CALL
        ):
            return None
        receiver = _receiver(node.func)
        if _name(node.func) == "write" and receiver in ("ledger", "_ledger"):
            return 0
        return 1 if _name(node.func) == "begin" and receiver in ("", "store", "engine") else None

    def _touch(self, node: ast.Call) -> str:
        name, receiver = _name(node.func), _receiver(node.func)
        shown = f"{ast.unparse(node.func)}()"
        if name in CRM_CALLS and receiver in ("crm", "_crm") and self._module.name not in STANDS_IN_FRONT:
            return f"the CRM call {shown}"
        if (self._module.name, name) in ASKS_A_VENDOR and not receiver:
            return f"the call {shown}"
        if name == "raw_connection" and self._module.name != "firstcontact.store.engine":
            return f"the file write {shown}"  # past the store's own transactions
        return f"the file write {shown}" if _writes_a_file(node, name, receiver) else ""

    def _say(self, line: int, what: str) -> None:
        self.found.append(f"{self._module.name}:{line}: {what}")


def _writes_a_file(node: ast.Call, name: str, receiver: str) -> bool:
    texts = [each.value for each in (*node.args, *(k.value for k in node.keywords if k.arg == "mode"))
             if isinstance(each, ast.Constant) and isinstance(each.value, str)]  # fmt: skip
    if name in ("open", "fdopen"):
        if texts[:1] == ["/dev/null"]:
            return False
        if receiver == "os" and name == "open":
            return any(
                isinstance(part, ast.Attribute) and part.attr in WRITE_FLAGS for part in ast.walk(node)
            )
        return any(len(text) <= 3 and WRITE_MODES & set(text) for text in texts) and receiver != "archive"
    if receiver == "os":
        return name in OF_OS
    if receiver == "shutil":
        return name in OF_SHUTIL
    if receiver == "tempfile" or (not receiver and name in OF_TEMPFILE):
        return name in OF_TEMPFILE
    if receiver == "sqlite3":
        return name == "connect"
    if name in MOVES and receiver:
        return len(node.args) == 1 and not node.keywords
    return bool(receiver) and name in OF_PATHS


def _name(called: ast.expr) -> str:
    """The last part of what is called."""
    return called.attr if isinstance(called, ast.Attribute) else getattr(called, "id", "")


def _receiver(called: ast.expr) -> str:
    """The last name in front of a method, "" for a plain function; "?" for what has no name."""
    if not isinstance(called, ast.Attribute):
        return ""
    return _name(called.value) or "?"


def _boundary(given: ast.expr | None) -> str:
    """The name in `Boundary.NAME`, else ""."""
    if (
        isinstance(given, ast.Attribute)
        and isinstance(given.value, ast.Name)
        and given.value.id == "Boundary"
    ):
        return given.attr
    return ""
