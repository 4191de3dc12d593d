"""The repository's Markdown pages, and the fenced blocks in them that a test has something to say
about: those that follow a line `<!-- MARK -->`."""

import os
import pathlib
import re

ROOT = pathlib.Path(__file__).resolve().parents[2]
SKIPPED = {"build", "node_modules", ".git", ".venv"}


def pages():
    for directory, below, files in os.walk(ROOT):
        below[:] = [name for name in below if name not in SKIPPED]
        for name in files:
            if name.endswith(".md"):
                yield pathlib.Path(directory, name)


def blocks(page, mark):
    """The lines of each fenced block of this page that is marked `<!-- mark -->`."""
    found = re.findall(rf"^<!-- {mark} -->\n```\w*\n(.*?)^```$", page.read_text(), re.M | re.S)
    return [block.splitlines() for block in found]
