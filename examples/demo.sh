#!/bin/sh
# A small firm's week, taken in from files, and what was decided about everybody in it, and why.
# `make demo` runs this; it makes the home folder (.demo, or what FIRSTCONTACT_HOME names) anew each time and
# writes nowhere else. A folder that is no demo's is left alone.
set -eu
cd "$(dirname "$0")/.."
home="${FIRSTCONTACT_HOME:-.demo}"
week=examples/week
PATH="$PWD/.venv/bin:$PATH"
export FIRSTCONTACT_HOME="$home"

say() {
    printf '\n\033[1m%s\033[0m\n' "$*"
}
# A command as it would be typed, then what it says. Status 3 (a person is asked) is an answer, not a failure.
run() {
    printf '\n$ firstcontact %s\n' "$*"
    status=0
    firstcontact "$@" || status=$?
    case $status in 0 | 3) ;; *) exit "$status" ;; esac
}

if [ -e "$home" ] && [ ! -e "$home/is-a-demo" ]; then
    echo "$home is there and is no demo's; name another folder in FIRSTCONTACT_HOME" >&2
    exit 1
fi
rm -rf "$home"
mkdir "$home"
touch "$home/is-a-demo"
cp "$week/settings.toml" "$home/settings.toml"

say "Lark & Osei LLP, two partners and a paralegal, had a week in March 2026. Their address book first:"
run import "$week/contacts.csv"
say "Then two mailboxes, a calendar and what changed in it, and what the phone system wrote down:"
run import --for dana "$week/mail.mbox" "$week/calendar.ics" "$week/calendar-thursday.ics"
run import --for kofi "$week/mail-kofi.mbox"
run import "$week/calls.json" "$week/texts.json" "$week/fax.json"

say "Who is in the address book now because of it:"
run contacts --created-by-us

say "Why is Lena Fischer there? Dana wrote first, an out-of-office came back, and she answered on Friday:"
run explain lena.fischer@otterbein.example
say "Why is Evan Stroud not there, who sent new wire instructions?"
run explain evan.stroud@pinecrestbank.example
say "And who called from the insurer's switchboard?"
run explain "+14155550140"

say "What waits for a person:"
run review
say "What would have changed with the preset \`app-connect\`, which creates nobody unless asked to? Nothing is written:"
run replay --with "$week/app-connect.toml" --examples 6

say "That was it. Try next:"
cat <<'NEXT'
  export FIRSTCONTACT_HOME=.demo PATH="$PWD/.venv/bin:$PATH"
  firstcontact report                                   counts by reason
  firstcontact activities                               what was logged
  firstcontact explain marisol_vega@gmail.com           a free-mail address: a person is asked
  firstcontact review create 2                          … and answers (see the numbers above)
  firstcontact import --for dana examples/week/mail.mbox    again: nothing is logged twice
  less examples/week/README.md                          every case of the week, with what comes of it
  less docs/tutorial.md                                 the same, slowly
NEXT
