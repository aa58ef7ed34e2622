"""`firstcontact simulate`: a vendor's CRM on this machine, to try everything without an account."""

from __future__ import annotations

import json
import shlex
import threading
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import click

from firstcontact.cli.common import json_option, print_json, say

if TYPE_CHECKING:
    from firstcontact.testing.simulators.base import Simulator, SimulatorKind

_OF_THE_EXTRA = frozenset({"starlette", "uvicorn", "pytest", "hypothesis"})
NO_LONGER = 3600.0
"""Seconds of one wait: a wait without end takes no Ctrl-C everywhere."""


@click.command("simulate", epilog="Example: firstcontact simulate salesforce --port 8123 --seed demo")
@click.argument("kind")
@click.option("--port", default=0, metavar="PORT", help="Where it answers; default: any that is free.")
@click.option("--seed", type=click.Choice(["demo"]), help="Begin with some invented people.")
@click.option("--lag", default=0.0, metavar="SECONDS", help="How late its search knows what was written.")
@click.option(
    "--quirk", "quirks", multiple=True, metavar="NAME=VALUE", help="A switch of the vendor's (repeat)."
)
@json_option
def simulate(
    kind: str, port: int, seed: str | None, lag: float, quirks: tuple[str, ...], as_json: bool
) -> None:
    """Be a CRM of a KIND (salesforce, clio …) on this machine until Ctrl-C.

    It answers as the vendor's API does, as far as that is known, and keeps what is written until it ends.
    Only programs of this machine reach it. Beside the address it says how to connect to it.
    """
    simulator, simulated = _made(kind, lag, quirks)
    if seed:
        from firstcontact.connectors.kinds import capabilities
        from firstcontact.testing.simulators.demo import seed as sow

        sow(simulator.desk, capabilities(kind))
    from firstcontact.testing.simulators.serving import served

    try:
        with served(simulator.app, port) as url:
            _tell(simulated, url, as_json)
            while True:
                threading.Event().wait(NO_LONGER)
    except KeyboardInterrupt:
        if not as_json:
            say("Stopped; what was written is gone.")
    except OSError as error:
        raise click.UsageError(f"--port {port}: {error.strerror}.") from None


def _made(kind: str, lag: float, quirks: tuple[str, ...]) -> tuple[Simulator, SimulatorKind]:
    """A new simulator. Raises click.ClickException without the extra, for an unknown kind or switch."""
    try:
        from firstcontact.flow.clock import SystemClock
        from firstcontact.testing.simulators.base import NoSimulator, Switches
        from firstcontact.testing.simulators.base import simulator as known

        simulated = known(kind)
        import uvicorn  # noqa: F401
    except ModuleNotFoundError as missing:
        if (missing.name or "").partition(".")[0] not in _OF_THE_EXTRA:
            raise
        raise click.ClickException(
            f"a simulator needs the extra `testing`, and {missing.name} is not installed: "
            "pip install 'firstcontact[testing]'"
        ) from None
    except NoSimulator as error:
        raise click.UsageError(str(error)) from None
    try:
        switches = Switches(lag=lag, quirks=_switches(quirks))
        return simulated.make(SystemClock().now, switches), simulated
    except ValueError as error:
        raise click.UsageError(str(error)) from None


def _switches(quirks: tuple[str, ...]) -> dict[str, Any]:
    """`NAME=VALUE` as values: JSON where it is some, else text. Raises click.UsageError."""
    given: dict[str, Any] = {}
    for quirk in quirks:
        name, equals, text = quirk.partition("=")
        if not equals:
            raise click.UsageError(f"--quirk {quirk}: write NAME=VALUE")
        try:
            given[name] = json.loads(text)
        except ValueError:
            given[name] = text
    return given


def _tell(simulated: SimulatorKind, url: str, as_json: bool) -> None:
    logins = {name: dict(values) for name, values in simulated.credentials(url).items()}
    options = dict(simulated.options(url))
    command = _connecting(simulated.kind, options, next(iter(logins.values()), {}))
    if as_json:
        print_json(
            {"kind": simulated.kind, "url": url, "options": options, "logins": logins, "connect": command}
        )
        return
    say(f"A simulated {simulated.kind} answers at {url} until Ctrl-C.")
    for name, values in logins.items():
        shown = ", ".join(f"{key} {_short(value)}" for key, value in values.items() if key != "login")
        say(f"  log-in {name}: {shown}")
    say("Connect to it from another terminal:")
    say(f"  {command}")


def _connecting(kind: str, options: Mapping[str, object], values: Mapping[str, str]) -> str:
    """The command that connects to it by the usual login, as a shell takes it."""
    from firstcontact.connectors.kinds import kind as crm_kind

    logins = crm_kind(kind).logins
    login = next((one for one in logins if one.name == values.get("login")), logins[0] if logins else None)
    asked = [f"{one.name}={values[one.name]}" for one in login.asks if one.name in values] if login else []
    words = ["firstcontact", "connect", kind]
    for name, value in options.items():
        words += ["--option", f"{name}={value}"]
    if login is not None and login is not logins[0]:
        words += ["--login", login.name]
    if not asked:
        return shlex.join(words)
    return f"printf '%s\\n' {shlex.join(asked)} | {shlex.join([*words, '--stdin'])}"


def _short(value: str) -> str:
    return value if "\n" not in value else "(see --json)"
