"""Whether everything is there before the first write: permissions, fields, users, settings, clocks."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence

from firstcontact.boundaries import Boundary, crossing
from firstcontact.connectors.contract import AuthLapsed, Crm, Diagnosis, Examined, Prepared, TryAgain
from firstcontact.flow import read_only
from firstcontact.flow.context import who_is_who
from firstcontact.flow.installation import Installation
from firstcontact.flow.problems import FlowProblem
from firstcontact.ledger import connecting, leasing
from firstcontact.policy.warnings import warnings

CLOCK_SECONDS = 60
"""By so much the clocks of this machine and its database may differ."""
_WHO = "`firstcontact users map OURS=ID` says who is who."


def diagnose(installation: Installation, connector: Crm) -> tuple[Diagnosis, ...]:
    """Everything that was looked at, as far as the CRM could be asked. connector: with nothing in front."""
    return (
        *_of_connection(installation),
        *_of_crm(connector),
        *_of_users(installation),
        *_of_settings(installation),
        *_of_clock(installation),
    )


def prepare(installation: Installation, connector: Crm) -> Sequence[str]:
    """Make what is missing in the CRM for us; a sentence for each thing made. Raises FlowProblem where
    nothing may be made, TryAgain, AuthLapsed, Rejected."""
    title = connector.capabilities().title
    with installation.ledger.read() as tx:
        if read_only.since(tx, connector.connection):
            raise FlowProblem(
                f"The connection {connector.connection} is read-only, so nothing is made in {title}; "
                "`firstcontact read-only off` ends that."
            )
    if not isinstance(connector, Prepared):
        return ()
    crm = connector
    with crossing(Boundary.PREPARE):
        return crm.prepare()


def _of_connection(installation: Installation) -> Iterator[Diagnosis]:
    connection = installation.crm.connection
    with installation.ledger.read() as tx:
        state = connecting.state(tx, connection)
        only_read = read_only.since(tx, connection)
    if state.paused_at is not None:
        yield Diagnosis(
            state="error",
            about="login",
            sentence=f"The connection is paused: {state.why}",
            remedy="`firstcontact connect` logs in again, and what waited goes on.",
        )
    if only_read:
        yield Diagnosis(
            state="warning",
            about="read-only",
            sentence="Everything is decided and shown, nothing is written.",
            remedy="`firstcontact read-only off` begins to write.",
        )


def _of_crm(connector: Crm) -> Iterator[Diagnosis]:
    title = connector.capabilities().title
    if not isinstance(connector, Examined):
        yield Diagnosis(state="ok", about=title, sentence=f"{title} needs nothing to be prepared.")
        return
    crm = connector
    try:
        with crossing(Boundary.EXAMINE):
            yield from crm.examine()
    except AuthLapsed as error:
        remedy = "`firstcontact connect` logs in again."
        yield Diagnosis(state="error", about="login", sentence=str(error), remedy=remedy)
    except TryAgain as error:
        yield Diagnosis(state="error", about=title, sentence=str(error), remedy="Try again later.")


def _of_users(installation: Installation) -> Iterator[Diagnosis]:
    title = installation.crm.capabilities().title
    if not installation.crm.capabilities().owners:
        sentence = f"In {title} everything is of the one who is logged in; nobody of ours need be a user."
        yield Diagnosis(state="ok", about="users", sentence=sentence)
        return
    try:
        matches = who_is_who(installation.crm, installation.book.team)
    except (AuthLapsed, TryAgain) as error:
        yield Diagnosis(state="error", about="users", sentence=str(error))
        return
    missing = [each.name or each.user for each in matches if not each.crm_user]
    idle = [each.name or each.user for each in matches if each.crm_user and not each.active]
    if missing:
        yield Diagnosis(
            state="warning",
            about="users",
            sentence=f"Nobody in {title} is {', '.join(missing)}: what they do is logged without a user.",
            remedy=_WHO,
        )
    if idle:
        sentence = f"In {title}, {', '.join(idle)} cannot own records: the user there is not active."
        yield Diagnosis(state="warning", about="users", sentence=sentence)
    for each in matches:
        if each.unknown:
            sentence = (
                f"The settings say that {each.user} is {each.unknown}, and nobody in {title} has that id."
            )
            yield Diagnosis(state="warning", about="users", sentence=sentence, remedy=_WHO)
    if not missing and not idle:
        yield Diagnosis(state="ok", about="users", sentence=f"Everybody of the team is a user of {title}.")


def _of_settings(installation: Installation) -> Iterator[Diagnosis]:
    crm = installation.crm
    found = warnings(installation.book, {crm.connection: crm.capabilities()})
    for problem in found:
        yield Diagnosis(state="warning", about=f"settings: {problem.key}", sentence=problem.sentence)
    if not found:
        yield Diagnosis(state="ok", about="settings", sentence="They lose nothing with this CRM.")


def _of_clock(installation: Installation) -> Iterator[Diagnosis]:
    """Leases go by the database's clock, and what happened when by this machine's."""
    with installation.ledger.read() as tx:
        differ = abs(leasing.clock(tx) - time.time_ns() // 1000) // 1_000_000
    if differ > CLOCK_SECONDS:
        yield Diagnosis(
            state="warning",
            about="clock",
            sentence=f"The clocks of this machine and of its database are {differ:,} seconds apart.",
            remedy="Let both follow a time server (NTP).",
        )
