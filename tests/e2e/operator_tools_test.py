#!/usr/bin/python3
"""The operator's tools: `identity check` against what the daemon does, and that no tool calls it a
result when it could not read its input or write its output.

environment: PORTCULLIS, RECORDING_UPSTREAM; PYTHONPATH: tests/support
"""

import contextlib
import json
import os
import subprocess
import unittest

from portcullis_case import PortcullisCase
from portcullis_daemon import PORTCULLIS
from token_issuer import AUDIENCE, Issuer, IssuerServer

NOWHERE = "http://127.0.0.1:9"  # no upstream is asked for anything here


def portcullis(*arguments, **options):
    return subprocess.run([PORTCULLIS, *map(str, arguments)], capture_output=True, text=True,
                          timeout=60, check=False, **options)


@contextlib.contextmanager
def open_directory(path):
    descriptor = os.open(path, os.O_RDONLY)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


class IdentityCheck(PortcullisCase):
    def check(self, site, token):
        site.write()
        ended = portcullis("identity", "check", "--json", "--config",
                           site.directory / "portcullis.yaml", input=token)
        return ended.returncode, json.loads(ended.stdout)

    def test_another_issuer_that_is_down_does_not_matter(self):
        down = IssuerServer()
        down.stop()
        site = self.make_site(NOWHERE)
        site.config["identity"]["issuers"].append({"issuer": down.name, "audience": [AUDIENCE]})
        code, who = self.check(site, site.issuer.token())
        self.assertEqual((code, who["resolved"]), (0, True), who)
        code, who = self.check(site, down.token())
        self.assertEqual((code, who["reason"]), (1, "issuer_unavailable"), who)

    def test_a_stranger(self):
        site = self.make_site(NOWHERE)
        code, who = self.check(site, Issuer("https://elsewhere.example.com").token())
        self.assertEqual((code, who["reason"]), (1, "token_issuer_unknown"), who)


class Streams(PortcullisCase):
    def test_input_that_cannot_be_read(self):
        directory = self.make_directory()
        for options in ([], ["--json"], ["--jsonl"]):
            with self.subTest(options):
                with open_directory(directory) as stdin:
                    ended = portcullis("classify", *options, stdin=stdin)
                self.assertEqual((ended.returncode, ended.stdout), (70, ""))
                self.assertIn("cannot read standard input", ended.stderr)
                ended = portcullis("classify", *options, directory)
                self.assertEqual((ended.returncode, ended.stdout), (70, ""))
                self.assertIn(f"cannot read {directory}", ended.stderr)

    def test_empty_input_is_no_failure(self):
        self.assertEqual(portcullis("classify", input="").stdout, "nothing found\n")
        self.assertEqual(portcullis("classify", "--jsonl", input="").returncode, 0)

    def test_output_that_cannot_be_written(self):
        site = self.make_site(NOWHERE)
        site.write()
        line = '{"id": 1, "text": "jane@example.com"}\n'
        rows = {
            "classify": (["classify"], 70),
            "classify, lines": (["classify", "--jsonl"], 70),
            "classify, more than a buffer": (["classify", "--jsonl"], 70),
            "policy check": (["policy", "check", site.directory / "policy.yaml"], 70),
            "keys public": (["keys", "public", "--directory", site.directory / "keys"], 70),
            "version": (["--version"], 70),
            "help": (["classify", "--help"], 70),
            "a negative answer stays one": (["check", "--config", "no such file"], 1),
        }
        for name, (arguments, code) in rows.items():
            with self.subTest(name), open("/dev/full", "wb") as full:
                ended = subprocess.run([PORTCULLIS, *map(str, arguments)], stdout=full,
                                       stderr=subprocess.PIPE, text=True, timeout=60, check=False,
                                       input=line * (5000 if "more" in name else 1))
                self.assertEqual(ended.returncode, code, ended.stderr)
                self.assertIn("standard output cannot be written", ended.stderr)


if __name__ == "__main__":
    unittest.main(warnings="ignore")  # sockets are closed with the process
