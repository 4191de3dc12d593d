#!/usr/bin/python3
"""The operator's tools against what the daemon does: `identity check`.

environment: PORTCULLIS, RECORDING_UPSTREAM; PYTHONPATH: tests/support
"""

import json
import subprocess
import unittest

from portcullis_case import PortcullisCase
from portcullis_daemon import PORTCULLIS
from token_issuer import AUDIENCE, Issuer, IssuerServer

NOWHERE = "http://127.0.0.1:9"  # no upstream is asked for anything here


def portcullis(*arguments, **options):
    return subprocess.run([PORTCULLIS, *map(str, arguments)], capture_output=True, text=True,
                          timeout=60, check=False, **options)


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


if __name__ == "__main__":
    unittest.main(warnings="ignore")  # sockets are closed with the process
