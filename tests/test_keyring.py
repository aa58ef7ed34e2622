"""The key ring: who may read it, what it opens, and what it refuses."""

from __future__ import annotations

import json
import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from firstcontact import keyring
from firstcontact.config import key_file
from firstcontact.keyring import KeyProblem


def test_only_its_owner_reads_it(tmp_path: Path) -> None:
    """File and folder are for their owner alone, also after a key was added."""
    path = tmp_path / "keys" / "ring.json"
    keyring.make(path)
    keyring.add_key(path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert not keyring.readable_by_others(path)
    assert [each.name for each in path.parent.iterdir()] == ["ring.json"]


def test_several_who_make_it_at_once_have_one(tmp_path: Path) -> None:
    """Eight processes that start together agree on one key."""
    path = tmp_path / "keys" / "ring.json"
    with ThreadPoolExecutor(8) as pool:
        made = list(pool.map(lambda _: keyring.make(path).current, range(8)))
    assert len(set(made)) == 1


def test_old_keys_open_what_they_sealed(tmp_path: Path) -> None:
    """What was sealed by an earlier key opens until that key is forgotten."""
    path = tmp_path / "ring.json"
    id, sealed = keyring.make(path).seal(b"secret", "a login")
    ring = keyring.add_key(path)
    assert ring.current != id
    assert ring.open(id, sealed, "a login") == b"secret"
    with pytest.raises(KeyProblem, match="is not in it"):
        keyring.forget_others(path).open(id, sealed, "a login")


def test_who_changes_it_at_once_takes_turns(tmp_path: Path) -> None:
    """Eight who each make a key, seal with it and forget the others: what the last one sealed opens, and in
    each turn nobody else's key comes in between."""
    path = tmp_path / "ring.json"
    keyring.make(path)

    def rotate(_: int) -> tuple[str, bytes, bool]:
        with keyring.turn(path):
            ring = keyring.add_key(path)
            sealed = ring.seal(b"secret", "a login")
            return *sealed, keyring.forget_others(path).current == ring.current

    with ThreadPoolExecutor(8) as pool:
        rotated = list(pool.map(rotate, range(8)))
    assert all(undisturbed for *_, undisturbed in rotated)
    ring = keyring.load(path)
    assert ring is not None
    assert [ring.open(id, sealed, "a login") for id, sealed, _ in rotated if id in ring] == [b"secret"]


def test_without_a_ring_there_is_no_turn(tmp_path: Path) -> None:
    """Where there is no ring yet, it says what makes one, and leaves no file."""
    with pytest.raises(KeyProblem, match="firstcontact connect"), keyring.turn(tmp_path / "ring.json"):
        pass
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("change", ["cut", "turned", "of another", "short"])
def test_what_was_changed_does_not_open(tmp_path: Path, change: str) -> None:
    """A single bit turned, a piece cut off, or another subject: nothing comes out."""
    ring = keyring.make(tmp_path / "ring.json")
    id, sealed = ring.seal(b"secret", "a login")
    changed = {
        "cut": sealed[:-1],
        "turned": bytes([*sealed[:-1], sealed[-1] ^ 1]),
        "of another": sealed,
        "short": sealed[:5],
    }[change]
    with pytest.raises(KeyProblem, match="not sealed"):
        ring.open(id, changed, "another login" if change == "of another" else "a login")


BAD = {
    "no JSON": "hello",
    "no ring": "{}",
    "a key that is none": '{"format": 1, "current": "a", "keys": {"a": {"made": "", "key": "!!"}}}',
    "a short key": '{"format": 1, "current": "a", "keys": {"a": {"made": "", "key": "c2hvcnQ="}}}',
    "no current key": '{"format": 1, "current": "b", "keys": {}}',
    "a newer one": '{"format": 2, "current": "b", "keys": {}}',
}


@pytest.mark.parametrize("case", sorted(BAD))
def test_what_is_no_ring_is_refused_without_showing_it(tmp_path: Path, case: str) -> None:
    """A damaged file is named, and nothing of what stands in it is shown; it is not written anew."""
    path = tmp_path / "ring.json"
    path.write_text(BAD[case])
    for attempt in (keyring.load, keyring.make, keyring.add_key):
        with pytest.raises(KeyProblem) as problem:
            attempt(path)
        assert str(path) in str(problem.value)
        assert "c2hvcnQ" not in str(problem.value)
    assert path.read_text() == BAD[case]


def test_a_link_stays_a_link(tmp_path: Path) -> None:
    """A ring that is kept elsewhere and linked into the home is changed where it is."""
    real, link = tmp_path / "safe" / "ring.json", tmp_path / "home" / "ring.json"
    first = keyring.make(real).current
    link.parent.mkdir()
    link.symlink_to(real)
    keyring.add_key(link)
    assert link.is_symlink()
    assert first in json.loads(real.read_text())["keys"]


def test_the_environment_names_another_place(tmp_path: Path) -> None:
    """FIRSTCONTACT_KEY_FILE is where the ring is, else the home."""
    assert key_file(tmp_path, {}) == tmp_path / "keys" / "ring.json"
    assert key_file(tmp_path, {"FIRSTCONTACT_KEY_FILE": "/run/secrets/ring"}) == Path("/run/secrets/ring")
