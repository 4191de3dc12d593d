#!/usr/bin/python3
"""Links that lead nowhere, files that do not exist, options and codes that a page leaves out.

environment: PORTCULLIS
"""

import os
import re
import subprocess
import unittest

from pages import ROOT, pages

PORTCULLIS = os.environ["PORTCULLIS"]
FOLDERS = "bench|cmake|config|docs|include|scripts|src|tests"


def prose(page):
    """The page without its fenced blocks."""
    return re.sub(r"^```.*?^```$", "", page.read_text(), flags=re.M | re.S)


def anchors(page):
    """As GitHub makes them of headings."""
    headings = re.findall(r"^#+ (.+)$", prose(page), re.M)
    return {re.sub(r"[^\w\- ]", "", text.lower()).replace(" ", "-") for text in headings}


class Links(unittest.TestCase):
    def test_relative_links_lead_somewhere(self):
        for page in pages():
            for target in re.findall(r"\]\(([^)\s]+)\)", prose(page)):
                if re.match(r"\w+:", target):
                    continue
                with self.subTest(page=str(page), target=target):
                    path, _, anchor = target.partition("#")
                    file = (page.parent / path).resolve() if path else page
                    self.assertTrue(file.exists())
                    if anchor:
                        self.assertIn(anchor, anchors(file))

    def test_files_that_are_named_exist(self):
        for page in pages():
            for name in re.findall(rf"`((?:{FOLDERS})/[\w./-]+)`", prose(page)):
                with self.subTest(page=str(page), file=name):
                    # A program is named without its source's ending.
                    self.assertTrue((ROOT / name).exists() or list(ROOT.glob(name + ".*")))


def help_of(*command):
    ended = subprocess.run([PORTCULLIS, *command, "--help"], capture_output=True, text=True,
                           timeout=20, check=True)
    return ended.stdout


def subcommands(*command):
    _, found, below = help_of(*command).partition("\nSubcommands:\n")
    return re.findall(r"^  ([\w-]+)  ", below, re.M) if found else []


class CommandLine(unittest.TestCase):
    def test_every_command_and_option_is_described(self):
        described = (ROOT / "docs/cli.md").read_text()
        leaves = []
        for name in subcommands():
            leaves += [(name, below) for below in subcommands(name)] or [(name,)]
        self.assertGreater(len(leaves), 8)
        for leaf in leaves:
            section = re.search(rf"^## portcullis {' '.join(leaf)}$(.*?)(?=^## |\Z)", described,
                                re.M | re.S)
            self.assertTrue(section, leaf)
            for option in re.findall(r"^  (?:-\w,)?(--[\w-]+)", help_of(*leaf), re.M):
                if option != "--help":
                    self.assertIn(f"`{option}", section.group(1), leaf)


class Codes(unittest.TestCase):
    def test_every_code_stands_beside_its_status(self):
        codes = re.search(r"codes = \{(.*?)\};", (ROOT / "src/base/reason.cpp").read_text(), re.S)
        codes = re.findall(r'"(\w+)"', codes.group(1))
        reply = (ROOT / "src/net/reply.cpp").read_text()
        first = dict(re.findall(r"\{Reason::(\w+), (\d+)\}", reply))  # from it on, until the next
        status, expected = None, {}
        for code in codes:
            status = first.get(code, status)
            expected.setdefault(status, set()).add(code)
        expected.pop(None)  # none
        page = (ROOT / "docs/operating.md").read_text()
        rows = re.findall(r"^\| (\d{3}) \| (.+?) \|", page, re.M)
        described = {status: set(re.findall(r"`(\w+)`", cell)) for status, cell in rows}
        self.assertEqual(described, expected)


if __name__ == "__main__":
    unittest.main()
