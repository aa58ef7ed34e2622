"""Writes docs/reference from the code, the index of decision records, and what the tutorial's commands say.

`make docs` runs it; tests/docs fails where a page is not as written here.

`--check` writes nothing and exits with status 1 where a page differs.
"""

from __future__ import annotations

import ast
import inspect
import os
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path

DOCS = Path(__file__).resolve().parent
ROOT = DOCS.parent
NOTE = "<!-- Written by `make docs` from the code; change the code, not this page. -->\n\n"


def settings() -> str:
    """Every setting: `firstcontact.explain.reference`."""
    from firstcontact.explain.reference import settings_page

    return settings_page()


def reasons() -> str:
    """Every reason name of the decision trace: `firstcontact.explain.catalogue`."""
    from firstcontact.explain.reference import reasons_page

    return reasons_page()


def commands() -> str:
    """Every command of the command line: the click group."""
    import click

    from firstcontact.cli.main import cli

    page = ["# Commands\n"]
    page.append("Every command takes `--help`. Options that name a default need not be given.\n")
    for path, command in _commands("firstcontact", cli):
        context = click.Context(command, info_name=path)
        page.append(f"## `{path}`\n")
        page.append(_unwrapped(command.help or ""))
        usage = " ".join((path, *command.collect_usage_pieces(context)))
        page.append(f"```text\n{usage}\n```\n")
        rows = [row for row in map(_option, command.get_params(context)) if row]
        if rows:
            page.append("| option or argument | what it says |\n| --- | --- |\n" + "".join(rows))
        if command.epilog:
            page.append(f"Example: `{_one_line(command.epilog).removeprefix('Example: ')}`\n")
    return "\n".join(page)


def capabilities() -> str:
    """Every field of a CRM's `Capabilities`, with its default and what it means."""
    from firstcontact.planning import capabilities as module

    rows = [
        f"| `{name}` | `{kind}` | {f'`{default}`' if default else 'must be given'} | {meaning} |\n"
        for name, kind, default, meaning in _fields(inspect.getsource(module), "Capabilities")
    ]
    head = (
        "# Capabilities\n\nWhat a connector declares about its CRM, once, as data. The planner reads it and "
        "plans nothing else, so that a difference between CRMs is never an `if` about a vendor.\n\n"
        "| field | type | unless declared | meaning |\n| --- | --- | --- | --- |\n"
    )
    return head + "".join(rows)


OFFERS = {
    "contact needed to log": "contact_required_for",
    "logs": "logs",
    "logs as": "logs_as",
    "can be asked who is there": "looks_up",
    "leads": "leads",
    "makes a lead of somebody unknown": "creates_leads",
    "changes a contact later": "updates_contacts",
    "logs on a lead": "log_on_lead",
    "accounts": "accounts",
    "opportunities": "opportunities",
    "contact roles": "contact_roles",
    "matters": "matters",
    "matter needed to log": "matter_required",
    "several people on an activity": "several_people_on_activity",
    "changes an activity later": "updates_activity",
    "takes an activity away": "deletes_activity",
    "time entries": "time_entries",
    "files": "files",
    "bodies": "body_format",
    "users": "owners",
    "a contact has an owner": "contact_owners",
    "a contact has fields for": "contact_fields",
    "merges contacts": "merges_contacts",
    "takes a contact of ours away": "deletes_contact",
    "tells that a person edited an activity": "marks_activities",
    "a contact has a source": "lead_source",
    "a contact bears a placeholder mark": "placeholder_mark",
    "a contact tells that we made it": "marks_ours",
    "tells the latest activity": "last_activity",
    "tells its day only": "last_activity_day",
    "found by phone": "phone_search",
    "tells what changed": "change_feed",
    "tells deletions": "deletions",
    "tells merges": "merges",
    "a repeated create makes no second": "unique_create",
    "can be asked for a write": "finds_written",
    "contact and activity in one request": "applies_together",
    "requests at once": "requests_at_once",
    "requests a minute": "requests_per_minute",
    "requests a second": "requests_per_second",
}
"""Rows of the table of CRMs, by the name of the capability."""


def crms() -> str:
    """What each CRM can and cannot do, its limits, and what that is known from."""
    from firstcontact.connectors import kinds

    names = (*kinds.KINDS, *kinds.STANDARDS)
    offered = [kinds.capabilities(name) for name in names]
    page = [
        "# CRMs\n",
        "What each of the built-in CRMs can and cannot do, as its connector declares it "
        "([capabilities](capabilities.md) says what each line means), how one is connected, what its limits "
        "are, and what of it was seen where. A connection may offer less, as its options say.\n",
        f"| | {' | '.join(each.title for each in offered)} |",
        f"| --- |{' --- |' * len(names)}",
    ]
    for title, field in OFFERS.items():
        cells = [_capability(getattr(each, field), field) for each in offered]
        page.append(f"| {title} | {' | '.join(cells)} |")
    page.append(
        "\nHow a thing is known: **server**, the tests do it with a real server; **recording**, an answer of "
        "the vendor that was recorded has it, and a test reads that answer; **document**, the vendor's "
        "documentation or published code says it, and the simulator does it so; **unverified**, no source is "
        "certain: the connector takes it either way, and the simulator has a switch for both.\n"
    )
    for name, each in zip(names, offered, strict=True):
        page += _crm(name, each.title)
    return "\n".join(page)


def _crm(name: str, title: str) -> Iterator[str]:
    from firstcontact.connectors import kinds

    yield f"## {title}\n"
    if name not in kinds.connected():
        yield f"`{name}` is built in: no connection is needed, and none of this is another's.\n"
        return
    kind = kinds.kind(name)
    needed = "".join(f" --option {key}=…" for key, option in kind.options.items() if option.required)
    logins = ", ".join(f"`{login.name}`" for login in kind.logins)
    yield f"`firstcontact connect {name}{needed}`; logs in by {logins}.\n"
    if kind.options:
        yield "| option | default | meaning |\n| --- | --- | --- |"
        for key, option in kind.options.items():
            default = (
                "must be given" if option.required else f"`{option.default}`" if option.default != "" else ""
            )
            yield f"| `{key}` | {default} | {_cell(option.meaning)} |"
        yield ""
    usual = kinds.offered(name, {key: option.default for key, option in kind.options.items()})
    less = [
        f"{title}: {_capability(getattr(usual, field), field)}"
        for title, field in OFFERS.items()
        if getattr(usual, field) != getattr(kind.capabilities, field)
    ]
    if less:
        yield f"With the default options it offers less than the table says: {'; '.join(less)}.\n"
    yield "| limit of | is |\n| --- | --- |"
    yield from (f"| {_cell(about)} | {_cell(limit)} |" for about, limit in kind.limits.items())
    yield "\n| | what is so | known from |\n| --- | --- | --- |"
    yield from (f"| {_cell(each.about)} | {_cell(each.says)} | {each.seen} |" for each in kind.grounds)
    yield ""


def _capability(value: object, field: str) -> str:
    from firstcontact.interactions.model import KINDS

    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, frozenset):
        if value == frozenset(KINDS):
            return "always" if field == "contact_required_for" else "all"
        return ", ".join(kind for kind in KINDS if kind in value) or (
            "never" if field == "contact_required_for" else "nothing"
        )
    if isinstance(value, dict):
        ways = dict.fromkeys(value.values())
        return ", ".join(ways) or "nothing"
    return "no limit" if value == 0 else str(value)


def errors() -> str:
    """The errors that may leave a connector, each named after the caller's next step."""
    from firstcontact.connectors import contract

    caught = _caught()
    rows = [
        f"| `{name}` | {_one_line(kind.__doc__ or '')} | {', '.join(caught.get(name, ()))} |\n"
        for name, kind in vars(contract).items()
        if isinstance(kind, type)
        and issubclass(kind, contract.ConnectorError)
        and kind is not contract.ConnectorError
    ]
    head = (
        "# Errors of the connector contract\n\nNothing else leaves a connector. Each error is named after "
        "what its caller does next. What `apply`\nsays of a write is taken in one place, "
        "`outcomes._take`; an error of a whole call where that call's work goes on.\n`NotOffered` is "
        "caught nowhere: it is a bug, and what it stopped is put aside under `firstcontact stuck`.\n\n"
        "| error | meaning and next step | who catches it |\n"
        "| --- | --- | --- |\n"
    )
    return head + "".join(rows)


def _caught() -> dict[str, list[str]]:
    """The modules of flow and lanes that catch an error, or match an outcome, by the error's name."""
    found: dict[str, list[str]] = {}
    for room in ("flow", "lanes"):
        for path in sorted((ROOT / "src" / "firstcontact" / room).rglob("*.py")):
            tree = ast.parse(path.read_text(encoding="utf-8"))
            for name in sorted(_caught_in(tree)):
                found.setdefault(name, []).append(f"`{room}/{path.stem}`")
    return found


def _caught_in(tree: ast.Module) -> set[str]:
    kinds = [node.type for node in ast.walk(tree) if isinstance(node, ast.ExceptHandler)]
    kinds += [node.cls for node in ast.walk(tree) if isinstance(node, ast.MatchClass)]
    return {name.id for kind in kinds if kind for name in ast.walk(kind) if isinstance(name, ast.Name)}


def boundaries() -> str:
    """Every place where the process touches the world: `firstcontact.boundaries` and where each stands."""
    from firstcontact.boundaries import Boundary

    stands: dict[str, str] = {}
    for path in sorted((ROOT / "src" / "firstcontact").rglob("*.py")):
        for name in re.findall(r"\bBoundary\.([A-Z_]+)", path.read_text(encoding="utf-8")):
            stands[name] = path.relative_to(ROOT / "src" / "firstcontact").as_posix()
    means = _meanings(inspect.getsource(Boundary))
    rows = [
        f"| {each.value} | `{each.name}` | `{stands.get(each.name, '')}` | {means[each.name]} |\n"
        for each in sorted(Boundary)
    ]
    head = (
        "# Boundaries\n\nEvery place where the process touches the world: a transaction, a call of a CRM, a "
        "file write. Between two of\nthem nothing outside the process changes, so what survives being killed "
        "at each of them survives being killed\nanywhere. `tests/crash` kills the process before each and "
        "after it, and in a transaction right before its commit;\na place without a number fails "
        "`tests/architecture`. Reading the database is no such place: it changes nothing.\n\n"
        "| number | name | where | what is done there |\n| ---: | --- | --- | --- |\n"
    )
    return head + "".join(rows)


def decisions() -> str:
    """The decision records by title."""
    head = (
        "# Decision records\n\nOne page for each choice that will be asked about twice: what was chosen, "
        "what was measured, what would\nchange our mind.\n\n"
    )
    records = sorted(path for path in (DOCS / "decisions").glob("*.md") if path.name != "README.md")
    titles = [record.read_text(encoding="utf-8").partition("\n")[0].lstrip("# ") for record in records]
    return head + "".join(
        f"- [{title}]({record.name})\n" for title, record in zip(titles, records, strict=True)
    )


def tutorial() -> str:
    """The tutorial with what its commands say: each `console` block is one command, run in a new home."""
    text = (DOCS / "tutorial.md").read_text(encoding="utf-8")
    with tempfile.TemporaryDirectory(prefix="firstcontact-") as name:
        home = Path(name) / ".demo"
        home.mkdir()
        shutil.copy(ROOT / "examples" / "week" / "settings.toml", home)

        def run(block: re.Match[str]) -> str:
            return f"```console\n$ {block[1]}\n{_said(home, shlex.split(block[1])[1:])}```\n"

        return re.sub(r"^```console\n\$ (.*)\n(?:.*\n)*?```\n", run, text, flags=re.M)


def _said(home: Path, words: list[str]) -> str:
    """What a command prints, in the same words on every machine and day.

    Measured seconds are written as 0.1 s, and moments outside the week (when a question was opened) as the
    Saturday after it.
    """
    run = subprocess.run(
        [sys.executable, "-c", "from firstcontact.cli.main import main; main()", *words],
        env={**os.environ, "FIRSTCONTACT_HOME": str(home), "COLUMNS": "110", "NO_COLOR": "1"},
        cwd=ROOT,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    if run.returncode not in (0, 3):
        raise SystemExit(f"{' '.join(words)} ends with status {run.returncode}:\n{run.stdout}")
    lines = [line.rstrip() for line in run.stdout.replace(str(home), ".demo").splitlines()]
    said = re.sub(r"\b\d+\.\d+ s\b", "0.1 s", "\n".join(lines).strip("\n") + "\n")
    return re.sub(r"\b(?!2026-03-0)\d{4}-\d\d-\d\d \d\d:\d\d", "2026-03-07 12:00", said)


PAGES: dict[str, Callable[[], str]] = {
    "reference/settings.md": settings,
    "reference/reasons.md": reasons,
    "reference/commands.md": commands,
    "reference/capabilities.md": capabilities,
    "reference/crms.md": crms,
    "reference/errors.md": errors,
    "reference/boundaries.md": boundaries,
    "decisions/README.md": decisions,
    "tutorial.md": tutorial,
}


def page(name: str) -> str:
    """The text of one page, by its path under docs."""
    note = "" if name == "tutorial.md" else NOTE
    return note + PAGES[name]().rstrip("\n") + "\n"


def _commands(path: str, command: object) -> Iterator[tuple[str, object]]:
    import click

    if isinstance(command, click.Group):
        context = click.Context(command, info_name=path)
        for name in command.list_commands(context):
            inner = command.get_command(context, name)
            if inner is not None and not inner.hidden:
                yield from _commands(f"{path} {name}", inner)
    else:
        yield path, command


def _option(parameter: object) -> str:
    import click

    if isinstance(parameter, click.Option):
        if parameter.hidden or "--help" in parameter.opts:
            return ""
        names = ", ".join(f"`{name}`" for name in (*parameter.opts, *parameter.secondary_opts))
        return f"| {names} | {_cell(parameter.help or '')} |\n"
    assert isinstance(parameter, click.Argument)
    return f"| `{parameter.make_metavar(click.Context(click.Command('')))}` | |\n"


def _fields(source: str, name: str) -> Iterator[tuple[str, str, str, str]]:
    """Name, type, default and meaning of each field of a struct, read from its source.

    The meaning is the text under the field, or its line in the struct's docstring (`field: meaning`).
    """
    struct = next(
        node for node in ast.parse(source).body if isinstance(node, ast.ClassDef) and node.name == name
    )
    told = _told(ast.get_docstring(struct) or "")
    for place, node in enumerate(struct.body):
        if not isinstance(node, ast.AnnAssign) or not isinstance(node.target, ast.Name):
            continue
        below = struct.body[place + 1] if place + 1 < len(struct.body) else None
        meaning = told.get(node.target.id, "")
        if isinstance(below, ast.Expr) and isinstance(below.value, ast.Constant):
            meaning = str(below.value.value)
        default = ast.unparse(node.value) if node.value is not None else ""
        if default.startswith("msgspec.field"):
            default = "{}"
        yield node.target.id, _cell(ast.unparse(node.annotation)), default, _cell(_one_line(meaning))


def _meanings(source: str) -> dict[str, str]:
    """What stands under each member of an enum."""
    body = ast.parse(source).body[0].body  # type: ignore[attr-defined]
    return {
        ast.unparse(node.targets[0]): _cell(str(below.value.value))
        for node, below in pairwise(body)
        if isinstance(node, ast.Assign) and isinstance(below, ast.Expr)
        if isinstance(below.value, ast.Constant)
    }


def _told(docstring: str) -> dict[str, str]:
    """`field: meaning` and `one, other: meaning` lines of a docstring, with the lines that go on."""
    told: dict[str, str] = {}
    names: list[str] = []
    for line in docstring.splitlines():
        head, colon, rest = line.partition(":")
        candidates = [part.strip() for part in head.split(",")]
        if colon and rest.strip() and all(part.isidentifier() for part in candidates):
            names = candidates
            told.update(dict.fromkeys(names, rest.strip()))
        elif names and line.strip():
            told.update({name: f"{told[name]} {line.strip()}" for name in names})
        else:
            names = []
    return told


def _one_line(text: str) -> str:
    return " ".join(text.split())


def _unwrapped(text: str) -> str:
    """A docstring's paragraphs, each on lines of its own, without the marks that only click reads."""
    return inspect.cleandoc(text).replace("\b\n", "").replace("\f", "") + "\n"


def _cell(text: str) -> str:
    return _one_line(text).replace("|", "\\|")


def main() -> int:
    """Write the pages, or with `--check` say which differ."""
    check = "--check" in sys.argv[1:]
    different = []
    for name in PAGES:
        path, text = DOCS / name, page(name)
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            different.append(name)
            if not check:
                path.write_text(text, encoding="utf-8")
    print(f"{len(PAGES)} pages, {len(different)} {'differ' if check else 'written'}: {', '.join(different)}")
    return 1 if check and different else 0


if __name__ == "__main__":
    sys.exit(main())
