#!/usr/bin/python3
"""Runs the commands of every block marked `<!-- run -->` and compares what they print with what the
page says; and lets `portcullis check` read the configurations that the README shows.

In a transcript a line `...` stands for any lines, and `...` at a line's end for its rest. What
changes from run to run (ids, hashes, times, ports, offsets) is compared by its form only.

environment: PORTCULLIS
"""

import os
import pathlib
import re
import subprocess
import tempfile
import unittest

from pages import ROOT, blocks, pages

PORTCULLIS = os.environ["PORTCULLIS"]
README = ROOT / "README.md"
SITE = "/tmp/demo"  # as the pages call it

VARIABLE = [
    (r"\b[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\b", "UUID"),
    (r"\b[0-9a-f]{32,}\b", "HEX"),
    (r"\b\d{4}-\d\d-\d\dT[\d:.]+Z", "TIME"),
    (r"127\.0\.0\.1:\d+", "ADDRESS"),
    (r"\.jsonl:\d+:\d+:\d+:", ".jsonl:PLACE:"),
]


def masked(line):
    for pattern, name in VARIABLE:
        line = re.sub(pattern, name, line)
    return line.rstrip()


def is_said(shown, line):
    if shown.endswith("..."):
        return line.startswith(masked(shown[:-3]))
    return masked(shown) == line


def first_difference(shown, printed):
    """None if the lines that are shown are those that were printed, but for what `...` leaves out;
    else the first that is not."""
    at, may_skip = 0, False
    for line in shown:
        if line.strip() == "...":
            may_skip = True
            continue
        while may_skip and at < len(printed) and not is_said(line, printed[at]):
            at += 1
        if at == len(printed) or not is_said(line, printed[at]):
            return line
        at, may_skip = at + 1, False
    return None if may_skip or at == len(printed) else "(more was printed) " + printed[at]


def commands(block):
    """[(command, lines shown under it)]"""
    found = []
    for line in block:
        if line.startswith("$ "):
            found.append((line[2:], []))
        else:
            found[-1][1].append(line)
    return found


class Transcripts(unittest.TestCase):
    def setUp(self):
        directory = tempfile.TemporaryDirectory(prefix="portcullis-docs-")
        self.addCleanup(directory.cleanup)
        self.directory = pathlib.Path(directory.name)
        self.site = self.directory / "demo"

    def run_command(self, command):
        ended = subprocess.run(
            ["bash", "-c", command.replace(SITE, str(self.site))], stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, text=True, timeout=60, cwd=ROOT,
            env={**os.environ, "PATH": f"{pathlib.Path(PORTCULLIS).parent}:{os.environ['PATH']}"})
        return ended.stdout.replace(str(self.site), SITE)

    def test_what_the_pages_show_is_what_happens(self):
        shown = 0
        for number, page in enumerate(pages()):
            self.site = self.directory / str(number)  # a page's commands build on each other
            for block in blocks(page, "run"):
                for command, lines in commands(block):
                    shown += 1
                    with self.subTest(page=page.name, command=command):
                        output = self.run_command(command)
                        printed = [masked(line) for line in output.splitlines()]
                        self.assertIsNone(first_difference(lines, printed), output)
        self.assertGreater(shown, 3)

    def check(self, config):
        """Of a configuration, with the demo's people, policy and keys where it expects its own."""
        self.run_command(f"portcullis demo --once --directory {SITE}")
        config = config.replace("/etc/portcullis", str(self.site))
        config = config.replace("/var/lib/portcullis", str(self.site))
        file = self.site / "readme.yaml"
        file.write_text(config)
        secrets = {name: "x" for name in re.findall(r"env: (\w+)", config)}
        ended = subprocess.run([PORTCULLIS, "check", "--config", str(file)], timeout=60,
                               capture_output=True, text=True, env={**os.environ, **secrets})
        self.assertEqual(ended.returncode, 0, ended.stdout)

    def test_the_configuration_is_valid(self):
        [config] = blocks(README, "config")
        self.check("\n".join(config) + "\n")

    def test_every_upstream_is_valid(self):
        [config] = blocks(README, "config")
        [upstreams] = blocks(README, "upstreams")
        whole = "\n".join(config) + "\n"
        whole = re.sub(r"^upstreams:\n(  .*\n)+", "\n".join(upstreams) + "\n", whole, flags=re.M)
        self.check(whole.replace("upstream: gateway", "upstream: litellm"))

    def test_a_difference_is_noticed(self):
        printed = ["one", "two", "three"]
        self.assertIsNone(first_difference(["one", "...", "three"], printed))
        self.assertIsNone(first_difference(["o...", "two", "..."], printed))
        self.assertEqual(first_difference(["one", "three"], printed), "three")
        self.assertEqual(first_difference(["...", "four"], printed), "four")
        self.assertIsNotNone(first_difference(["one", "two"], printed))


if __name__ == "__main__":
    unittest.main()
