"""The command `firstcontact`. Commands are imported when they are called: `--help` must be quick."""

from __future__ import annotations

import gc
import sys
from importlib import import_module

import click

COMMANDS: dict[str, str] = {
    "init": "firstcontact.cli.init:init",
    "kinds": "firstcontact.cli.kinds:kinds",
    "connect": "firstcontact.cli.connect:connect",
    "disconnect": "firstcontact.cli.connect:disconnect",
    "doctor": "firstcontact.cli.doctor:doctor",
    "users": "firstcontact.cli.users:users",
    "read-only": "firstcontact.cli.read_only:read_only",
    "keys": "firstcontact.cli.keys:keys",
    "import": "firstcontact.cli.importing:import_",
    "contacts": "firstcontact.cli.records:contacts",
    "activities": "firstcontact.cli.records:activities",
    "settings": "firstcontact.cli.settings:settings",
    "status": "firstcontact.cli.status:status",
    "health": "firstcontact.cli.health:health",
    "index": "firstcontact.cli.index:index",
    "report": "firstcontact.cli.status:report",
    "rejected": "firstcontact.cli.status:rejected",
    "stuck": "firstcontact.cli.stuck:stuck",
    "explain": "firstcontact.cli.explain:explain",
    "remove": "firstcontact.cli.remove:remove",
    "review": "firstcontact.cli.review:review",
    "brake": "firstcontact.cli.review:brake",
    "duplicates": "firstcontact.cli.duplicates:duplicates",
    "log": "firstcontact.cli.log:log",
    "person": "firstcontact.cli.person:person",
    "run": "firstcontact.cli.run:run",
    "worker": "firstcontact.cli.worker:worker",
    "wake": "firstcontact.cli.worker:wake",
    "backfill": "firstcontact.cli.worker:backfill",
    "replay": "firstcontact.cli.replay:replay",
    "accounts": "firstcontact.cli.accounts:accounts",
    "filters": "firstcontact.cli.filters:filters",
    "titles": "firstcontact.cli.titles:titles",
    "enrichment": "firstcontact.cli.enrichment:enrichment",
    "check": "firstcontact.cli.check:check",
    "simulate": "firstcontact.cli.simulate:simulate",
    "export": "firstcontact.cli.export:export",
    "move": "firstcontact.cli.move:move",
    "backup": "firstcontact.cli.backup:backup",
    "restore": "firstcontact.cli.backup:restore",
}


class _Lazy(click.Group):
    """A group whose commands are imported by name."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:  # noqa: ARG002
        where = COMMANDS.get(name)
        if where is None:
            return None
        module, _, attribute = where.partition(":")
        command: click.Command = getattr(import_module(module), attribute)
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """The command that is meant; an unknown one is told what it was perhaps to be."""
        try:
            return super().resolve_command(ctx, args)
        except click.UsageError as error:
            from difflib import get_close_matches

            near = get_close_matches(args[0], COMMANDS, n=1)
            hint = f" Did you mean `firstcontact {near[0]}`?" if near else ""
            raise click.UsageError(f"{error.message}{hint}", ctx) from None

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        """The list of `--help`, without importing every command for its first line."""
        with formatter.section("Commands"):
            formatter.write_dl(list(SHORT.items()))


SHORT: dict[str, str] = {
    "init": "Make a home folder: team, settings, ledger, address book.",
    "kinds": "Which kinds of CRM there are, built in and plugins.",
    "connect": "Log in to a CRM, and work with it from here on.",
    "disconnect": "Forget what a CRM connection logs in with.",
    "doctor": "Whether everything is there, before the first write.",
    "users": "Who of us is who in the CRM, and who is missing.",
    "read-only": "Decide and show without writing; or begin to write.",
    "keys": "The key ring that seals the logins; change the key.",
    "import": "Read mailboxes, calendars, call logs and contact lists from files.",
    "contacts": "List the contacts of the address book.",
    "activities": "List what was logged.",
    "settings": "Show the settings that apply, and where each comes from; set one.",
    "status": "What is going on: due work, questions, things that are stuck.",
    "health": "Whether all is well, for people, monitoring and containers.",
    "index": "Our own copy of the CRM's address book; read it now.",
    "report": "Counts over everything: who was created, who was not, and why.",
    "rejected": "What was delivered and could not be read.",
    "stuck": "What cannot go on by itself, by cause; try it again.",
    "explain": "Why: about a person or an interaction and its decisions.",
    "remove": "Take back what was written: a contact, an activity, or many.",
    "review": "Questions that wait for a person; answer them.",
    "brake": "Let go on what a brake has stopped.",
    "duplicates": "Contacts that are one person: what would be merged; a person's word on it.",
    "log": "The engagement log: search it; log an interaction by hand.",
    "person": "What is held of a person: export it, erase it.",
    "run": "Do the work that is due, and go on as more comes.",
    "worker": "Be one of several workers, on this machine or others (Temporal).",
    "wake": "Tell the workers that there may be work.",
    "backfill": "Store what files hold and have all workers do it.",
    "replay": "What would change with other settings.",
    "accounts": "The domains that accounts are found by; what is wrong with them.",
    "filters": "What a pattern would have blocked or allowed.",
    "titles": "What job titles say of department, seniority and persona, and why.",
    "enrichment": "Where the values of a contact came from, and what was there.",
    "check": "Run scenario files.",
    "simulate": "Be a CRM on this machine, to try everything without an account.",
    "export": "Contacts as CSV or vCard, everything as JSON.",
    "move": "Take the installation to another database, and back.",
    "backup": "Write everything into one file.",
    "restore": "Bring an installation back from a backup.",
}


@click.command(
    cls=_Lazy,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="Example: firstcontact init --domain ruizlaw.example --user 'Ana Ruiz <ana@ruizlaw.example>'",
)
@click.option(
    "--home", "home", default="", metavar="DIR", help="Folder with settings, ledger and address book."
)
@click.version_option(package_name="firstcontact", prog_name="firstcontact")
@click.pass_context
def cli(ctx: click.Context, home: str) -> None:
    """Keeps the team's CRM complete, and says why for every single person.

    The home folder is --home, else FIRSTCONTACT_HOME, else ~/.firstcontact.
    """
    ctx.obj = home


def collect_seldom() -> None:
    """Look for cycles of garbage once in 50,000 new objects instead of 700: a batch holds many, hardly any in
    cycles, and looking through them again and again was a tenth of a batch's time."""
    gc.set_threshold(50_000, 10, 10)


def main() -> None:
    """Entry point: runs the command; a known problem is one sentence on standard error.

    Exit status: 0 done; 1 the answer is no (scenarios that do not hold, nothing found); 2 wrong use or bad
    input; 3 something needs a person first; 130 interrupted.
    """
    from firstcontact.cli.common import guarded

    collect_seldom()
    try:
        guarded(cli)
    except SystemExit as end:
        if "temporalio" not in sys.modules:
            raise
        from firstcontact.lanes.temporal.engine import leave

        leave(end.code if isinstance(end.code, int) else 1)
