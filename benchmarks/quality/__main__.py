"""`python -m benchmarks.quality`: measure everything and write docs/quality.md."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.measuring import progress, shared_data
from benchmarks.quality import ambiguity, creation, duplicates, names, phones, signatures, titles
from benchmarks.quality.sections import Section

PAGE = Path(__file__).resolve().parents[2] / "docs/quality.md"
HEAD = """# How good it is

Precision and recall on labelled sets, without having learnt from them, and what existing libraries make of
the same files. `make quality` measures all of it anew and writes this page; it needs the sets, which are not
part of the project (`FIRSTCONTACT_SHARED`, else `../shared`). Precision: of what was said, how much is so.
Recall: of what is so, how much was said. F1: the harmonic mean of both. Every figure that is promised has a
floor, and the command fails below it.
"""


def sections(data: Path, folder: Path) -> Iterator[Section]:
    """One section after the other."""
    measures: tuple[Callable[[], Section], ...] = (
        lambda: creation.measure(data, folder / "creation"),
        lambda: ambiguity.measure(data, folder / "ambiguity"),
        lambda: names.measure(data),
        lambda: phones.measure(data),
        lambda: signatures.measure(data),
        lambda: titles.measure(data),
        lambda: duplicates.measure(data),
    )
    for measure in measures:
        section = measure()
        progress(f"{section.title} measured")
        yield section


def main() -> int:
    """Writes the page; 1 where a figure is below its floor."""
    data = shared_data()
    if data is None:
        progress("skipped: the labelled sets are not here; name their folder with FIRSTCONTACT_SHARED")
        return 0
    with TemporaryDirectory() as temporary:
        folder = Path(temporary)
        (folder / "creation").mkdir()
        (folder / "ambiguity").mkdir()
        measured = list(sections(data, folder))
    PAGE.write_text("\n".join([HEAD, *(section.markdown() for section in measured)]), encoding="utf-8")
    floors = [floor for section in measured for floor in section.floors]
    below = [f"{what}: {figure:.3f}, at least {least}" for what, figure, least in floors if figure < least]
    progress(f"{PAGE.name}: {len(floors)} figures with a floor, {len(below)} below it")
    for line in below:
        progress(line)
    return 1 if below else 0


if __name__ == "__main__":
    sys.exit(main())
