"""Before the first write: whether everything is there, and what cannot be known beforehand."""

from __future__ import annotations

from collections.abc import Iterator

from firstcontact.connectors.clio_grow.client import TITLE, LeadInbox, Options, Platform, Refused
from firstcontact.connectors.contract import Diagnosis
from firstcontact.connectors.toolkit import clocks

NOWHERE = "https://firstcontact.invalid/"
"""An address that is required and that a call has none of; nothing is there."""
_READ = {
    "contacts": ({}, "nobody can be found"),
    "inbox_leads": ({"state": "untriaged"}, "leads that wait in the inbox are not seen"),
    "matters": ({}, "what is logged cannot name a matter"),
}
"""What is read, what must be asked with it, and what follows where it may not be."""
_NEEDED = frozenset({"contacts", "inbox_leads"})


def of_platform(api: Platform, options: Options) -> list[Diagnosis]:
    """One diagnosis each. Writes nothing. Raises TryAgain, AuthLapsed."""
    found = [*_login(api), *_permissions(api), *_what_is_made(options)]
    return [*found, *_referring(options), clocks.examined(TITLE, api.skew())]


def of_inbox(inbox: LeadInbox, options: Options) -> list[Diagnosis]:
    """One diagnosis each. Writes nothing. Raises TryAgain, AuthLapsed."""
    return [
        _token(inbox.try_token()),
        Diagnosis(
            state="warning",
            about="looking up",
            sentence=f"{TITLE}'s lead inbox cannot be asked who is there: whoever was not sent from here "
            "counts as unknown, and nothing is logged.",
            remedy="With the option api=platform, contacts are found and calls are logged on them.",
        ),
        *_referring(options),
        clocks.examined(TITLE, inbox.skew()),
    ]


def _token(said: Refused | None) -> Diagnosis:
    """The inbox is sent a lead without any required field, which it does not take."""
    if said is None or said.status not in (400, 422):
        answer = str(said) if said is not None else "It took a lead without any field"
        return Diagnosis(
            state="error",
            about="token",
            sentence=f"{TITLE}'s lead inbox does not answer as it is documented to: {answer}.",
            remedy="Look at the options region and address, and at the token.",
        )
    return Diagnosis(state="ok", about="token", sentence=f"{TITLE}'s lead inbox takes our token.")


def _login(api: Platform) -> Iterator[Diagnosis]:
    try:
        me = api.one("users/who_am_i")
    except Refused as refused:
        yield Diagnosis(state="error", about="login", sentence=f"{refused}.", remedy="Connect again.")
        return
    account = me.get("account")
    firm = account.get("firm_name") if isinstance(account, dict) else ""
    yield Diagnosis(
        state="ok",
        about="login",
        sentence=f"Logged in as {me.get('email')}" + (f" of {firm}." if firm else "."),
    )


def _permissions(api: Platform) -> Iterator[Diagnosis]:
    """What may be read is told; what may be written shows with the first write."""
    for path, (always, follows) in _READ.items():
        about = f"permission for {path}"
        try:
            api.page(path, always)
        except Refused as refused:
            yield Diagnosis(
                state="error" if path in _NEEDED else "warning",
                about=about,
                sentence=f"{refused}; so {follows}.",
                remedy="Allow it for the application in Clio's developer portal, and connect again.",
            )
        else:
            yield Diagnosis(
                state="ok", about=about, sentence=f"{path.replace('_', ' ').capitalize()} are read."
            )


def _what_is_made(options: Options) -> Iterator[Diagnosis]:
    if options.get("writes"):
        yield Diagnosis(
            state="warning",
            about="writes",
            sentence=f"Contacts are made by endpoints of {TITLE} that are not documented publicly; whether "
            "they are there shows with the first contact.",
            remedy="Ask Clio for your application's, or set writes=false: then leads are made.",
        )
        return
    yield Diagnosis(
        state="ok",
        about="writes",
        sentence="Whoever is unknown becomes a lead of the inbox; calls are logged once it is accepted.",
    )


def _referring(options: Options) -> Iterator[Diagnosis]:
    if str(options.get("referring_url")) == NOWHERE and not options.get("writes"):
        yield Diagnosis(
            state="warning",
            about="referring_url",
            sentence=f"Leads say that they come from {NOWHERE}, since {TITLE} wants an address.",
            remedy="Give your website's: firstcontact connect clio_grow --option referring_url=https://…",
        )
