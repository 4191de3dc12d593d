"""The daemon has its log stamped by a real time-stamp authority, and by none that is not one."""

import base64
import os
import pathlib
import re
import subprocess
import sys
import unittest
import urllib.request

from openssl_ts_authority import Authority
from portcullis_case import PortcullisCase
from portcullis_daemon import PORTCULLIS, wait_for

SECOND_VERIFIER = pathlib.Path(__file__).resolve().parents[2] / "docs/verify.py"


class Anchors(PortcullisCase):
    def setUp(self):
        self.authority = Authority(self.make_directory())
        self.addCleanup(self.authority.stop)
        self.upstream = self.start_upstream()
        self.site = self.make_site(self.upstream.url)
        self.site.config["admin"] = {"address": "127.0.0.1:0"}
        self.site.config["audit"]["anchors"] = {"time_stamp": {
            "url": self.authority.url, "ca_file": str(self.authority.root), "every": "1s",
            "timeout": "1s"}}

    def anchors(self):
        return self.site.records("anchor")

    def wait_anchors(self, count):
        return wait_for(lambda: len(self.anchors()) >= count and self.anchors(), 20,
                        f"{count} anchors")

    def metrics(self, daemon):
        port = re.search(r"admin on \S+:(\d+)", daemon.log()).group(1)
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=10) as answer:
            return answer.read().decode()

    def check(self):
        done = subprocess.run([PORTCULLIS, "check", "--config",
                               str(self.site.directory / "portcullis.yaml")],
                              env={**os.environ, "UPSTREAM_KEY": "k"},
                              capture_output=True, text=True, timeout=30)
        return done.returncode, done.stdout

    def assert_good(self, anchor):
        """Its reply is one that OpenSSL accepts, over a note that the log carries."""
        self.assertEqual(list(anchor)[9:12], ["kind", "note", "reply"])
        self.assertEqual(anchor["kind"], "time_stamp")
        notes = [r["note"] for r in self.site.records("checkpoint")]
        self.assertIn(anchor["note"], notes)
        good, words = self.authority.verify(base64.b64decode(anchor["reply"]),
                                            anchor["note"].encode())
        self.assertTrue(good, words)

    def test_stamps_that_openssl_verifies(self):
        daemon = self.start_daemon(self.site)
        self.wait_anchors(1)
        asked = self.authority.asked
        self.assertEqual(daemon.chat().status, 200)
        self.wait_anchors(2)
        self.assertGreater(self.authority.asked, asked)
        for anchor in self.anchors():
            self.assert_good(anchor)
        metrics = self.metrics(daemon)
        self.assertRegex(metrics, r'portcullis_anchors_total\{anchor="time_stamp"\} [1-9]')
        self.assertRegex(metrics, r'portcullis_anchor_failures_total\{anchor="time_stamp"\} 0')
        self.assertRegex(metrics, r'portcullis_anchor_age_seconds\{anchor="time_stamp"\} \d+')
        sizes = [int(a["note"].split("\n")[1]) for a in self.anchors()]
        self.assertEqual(sizes, sorted(set(sizes)))
        # The end is anchored as well: what came last before the seal is covered.
        self.assertEqual(daemon.chat().status, 200)
        self.assertEqual(daemon.stop(), 0, daemon.log())
        last = self.anchors()[-1]
        self.assert_good(last)
        covered = int(last["note"].split("\n")[1])
        outcomes = [r["seq"] for r in self.site.records("outcome")]
        self.assertLess(max(outcomes), covered)
        self.assert_whole_to_both_verifiers()

    def test_over_https_only_under_the_right_root(self):
        authority = Authority(self.make_directory(), tls=True)
        self.addCleanup(authority.stop)
        stamp = self.site.config["audit"]["anchors"]["time_stamp"]
        stamp.update(url=authority.url, ca_file=str(authority.root),
                     tls_ca_file=str(authority.stranger))
        daemon = self.start_daemon(self.site)
        wait_for(lambda: re.search(r'anchor_failures_total\{anchor="time_stamp"\} [1-9]',
                                   self.metrics(daemon)), 20, "a failure that is counted")
        self.assertEqual(daemon.stop(), 0, daemon.log())
        self.assertEqual(self.anchors(), [])
        self.assertEqual(authority.asked, 0)
        stamp.update(tls_ca_file=str(authority.root))
        daemon = self.start_daemon(self.site)
        self.wait_anchors(1)
        self.assertEqual(daemon.stop(), 0, daemon.log())
        self.assertGreater(authority.asked, 0)

    def assert_whole_to_both_verifiers(self):
        """Exit 0 under the authority's root; without it the stamps prove nothing."""
        directory = str(self.site.directory / "audit")
        public_key = ["--public-key", str(self.site.directory / "keys/signing.pub")]
        trusted = ["--tsa-certificate", str(self.authority.root)]
        for verifier in ([PORTCULLIS, "audit", "verify"], [sys.executable, str(SECOND_VERIFIER)]):
            for options, code in (([*public_key, *trusted], 0), (public_key, 3), (trusted, 3)):
                with self.subTest(verifier=verifier[0], options=options):
                    done = subprocess.run([*verifier, directory, *options], capture_output=True,
                                          text=True, timeout=60)
                    self.assertEqual(done.returncode, code, done.stdout + done.stderr)

    def test_rests_when_nothing_happens(self):
        daemon = self.start_daemon(self.site)
        self.wait_anchors(1)
        daemon.wait_log("anchored")
        before = self.authority.asked
        # Several intervals of nothing, measured by what the daemon does meanwhile.
        with self.assertRaises(Exception):
            wait_for(lambda: self.authority.asked > before + 1, 4, "another question")
        self.assertLessEqual(self.authority.asked, before + 1)

    def test_refuses_and_goes_on(self):
        cases = {
            "garbage": "not a time-stamp reply",
            "huge": "answered too much",
            "slow": "took too long",
            "redirect": "answered 307",
            "error": "answered 500",
            "wrong_imprint": "does not verify",
            "expired": "does not verify",
            "other_root": "does not verify",
        }
        self.authority.fault = "garbage"
        daemon = self.start_daemon(self.site)
        for fault, words in cases.items():
            with self.subTest(fault=fault):
                self.authority.fault = fault
                wait_for(lambda: re.search(r"not anchored \(time_stamp\): .*" + words,
                                           daemon.log()), 20, f"{words!r} for {fault}")
                self.assertEqual(daemon.chat().status, 200)
        self.assertEqual(self.anchors(), [])
        self.authority.fault = None
        self.wait_anchors(1)
        self.authority.fault = "old"
        self.assertEqual(daemon.chat().status, 200)
        daemon.wait_log("does not verify", 20)
        count = len(self.anchors())
        self.authority.fault = None
        self.wait_anchors(count + 1)
        for anchor in self.anchors():
            self.assert_good(anchor)
        self.stop_and_verify(daemon)

    def test_ends_in_time_when_the_authority_is_gone(self):
        self.authority.fault = "slow"
        daemon = self.start_daemon(self.site)
        self.assertEqual(daemon.chat().status, 200)
        self.stop_and_verify(daemon)
        self.assertEqual(self.anchors(), [])

    def test_does_not_start_without_its_authorities(self):
        self.site.config["audit"]["anchors"]["time_stamp"]["ca_file"] = "missing.pem"
        daemon = self.start_daemon(self.site, ready=False)
        self.assertEqual(daemon.wait(), 78)
        self.assertIn("audit.anchors", daemon.log())
        code, words = self.check()
        self.assertEqual(code, 1)
        self.assertRegex(words, "ERROR +audit.anchors: .*missing.pem")

    def test_is_checked_beforehand(self):
        self.site.write()
        code, words = self.check()
        self.assertEqual(code, 0, words)
        self.assertRegex(words, "OK +audit.anchors")
        self.site.config["audit"]["anchors"]["witnesses"] = [
            {"url": "https://w.example", "key": "w.example+00000000+AAAA"}]
        self.site.write()
        code, words = self.check()
        self.assertEqual(code, 1)
        self.assertRegex(words, "ERROR +audit.anchors: witness https://w.example: ")


if __name__ == "__main__":
    unittest.main()
