"""What the tests of prose share: the files, their links, their code blocks."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def tracked() -> list[Path]:
    """Every file that git tracks and that is there."""
    names = subprocess.run(
        ["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout.split("\0")
    return [ROOT / name for name in names if name and (ROOT / name).is_file()]


def pages() -> list[Path]:
    """Every Markdown page of the project: at the top, under docs and examples, and in connector folders."""
    return sorted(
        {
            *ROOT.glob("*.md"),
            *ROOT.glob("docs/**/*.md"),
            *ROOT.glob("examples/**/*.md"),
            *ROOT.glob("src/**/*.md"),
            *ROOT.glob("benchmarks/**/*.md"),
        }
    )


def anchors(text: str) -> set[str]:
    """The anchors that the headings of a page get, as GitHub makes them."""
    without_code = re.sub(r"^```.*?^```", "", text, flags=re.M | re.S)
    found: set[str] = set()
    for heading in re.findall(r"^#+\s+(.*?)\s*$", without_code, re.M):
        plain = re.sub(r"\[([^]]*)\]\([^)]*\)", r"\1", heading).replace("`", "")
        slug = re.sub(r"[^\w\- ]", "", plain.lower()).replace(" ", "-")
        number = 0
        name = slug
        while name in found:
            number += 1
            name = f"{slug}-{number}"
        found.add(name)
    return found


def broken_links(page: Path, text: str) -> list[str]:
    """Links of a page that lead to no file, or to no heading of one; links to the web are not followed."""
    without_code = re.sub(r"^```.*?^```|`[^`\n]*`", "", text, flags=re.M | re.S)
    broken = []
    for link in re.findall(r"\]\(([^)\s]+)\)", without_code):
        if re.match(r"[a-z]+:", link):
            continue
        file, _, anchor = link.partition("#")
        target = (page.parent / file).resolve() if file else page
        found = target.exists()
        if found and anchor:
            found = anchor in anchors(text if target == page else target.read_text(encoding="utf-8"))
        if not found:
            broken.append(link)
    return broken


def shell_lines(text: str) -> list[str]:
    """What a page tells its reader to type: each line of its `sh` blocks, a continued line joined, and the
    lines behind a prompt in its `console` blocks, where the others are output. Without comments."""
    lines = []
    for kind, block in re.findall(r"^```(sh|console)\n(.*?)^```", text, re.M | re.S):
        for line in block.replace("\\\n", " ").splitlines():
            if kind == "sh" or line.startswith("$ "):
                bare = line.removeprefix("$ ").split(" #")[0].strip()
                if bare and not bare.startswith("#"):
                    lines.append(bare)
    return lines
