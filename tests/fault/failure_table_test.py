#!/usr/bin/python3
"""The failure table, first half: what stands around the daemon fails. For each row: what the caller
sees, what the log says, and that the log verifies.

environment: PORTCULLIS, RECORDING_UPSTREAM; PYTHONPATH: tests/support
"""

import json
import time
import unittest

from portcullis_case import PortcullisCase
from portcullis_daemon import CHAT, chat_body, wait_for
from raw_http import Closed, render
from token_issuer import IssuerServer

# recording_upstream's options; status and code for the caller; the status in the outcome
UPSTREAM_ROWS = {
    "closes without an answer": (["--fault", "close_before_answer"], 502, "upstream_invalid", 0),
    "is slow": (["--delay-ms", "5000"], 504, "upstream_timeout", 0),
    "never finishes its head": (["--fault", "slow_head"], 504, "upstream_timeout", 0),
    "is cut in the body": (["--fault", "close_mid_body"], 502, "upstream_invalid", 200),
    "talks garbage": (["--fault", "garbage"], 502, "upstream_invalid", 0),
    "redirects": (["--fault", "redirect"], 502, "upstream_redirect", 307),
    "answers with 80 MB": (["--fault", "huge_answer"], 502, "upstream_too_large", 0),
}


class UpstreamFails(PortcullisCase):
    def start(self, *options, **waits):
        self.upstream = self.start_upstream(*options)
        self.site = self.make_site(self.upstream.url)
        self.site.config["upstreams"][0].update(waits)
        self.daemon = self.start_daemon(self.site)

    def assert_failed(self, answer, status, code, upstream_status):
        self.assert_refused(answer, status, code)
        self.assertEqual(self.site.decision(answer.decision)["effect"], "allow")
        outcome = self.site.outcome(answer.decision)
        self.assertEqual((outcome["failure"], outcome["status"]), (code, upstream_status))
        self.assertIsNone(answer.header("x-should-retry"))  # the caller may try again

    def test_rows(self):
        for name, (options, *expected) in UPSTREAM_ROWS.items():
            with self.subTest(name):
                slow = expected[1] == "upstream_timeout"
                self.start(*options, first_byte_timeout="400ms" if slow else "20s")
                with self.daemon.connect() as client:
                    answer = client.request("POST", CHAT, self.site.bearer(), chat_body())
                    self.assert_failed(answer, *expected)
                    again = client.request("POST", CHAT, self.site.bearer(), chat_body())
                    self.assert_failed(again, *expected)  # the caller's is kept
                self.assertEqual(len(self.upstream.requests()), 2)
                self.stop_and_verify(self.daemon)

    def test_down_and_back(self):
        self.start()
        self.assertEqual(self.daemon.chat().status, 200)
        self.upstream.stop()
        self.assert_failed(self.daemon.chat(), 502, "upstream_unreachable", 0)
        self.start_upstream(port=self.upstream.port)
        self.assertEqual(self.daemon.chat().status, 200)
        self.stop_and_verify(self.daemon)

    def test_a_restart_between_requests_is_not_seen(self):
        """Connections that are kept are checked before they are used again."""
        self.start()
        with self.daemon.connect() as client:
            for _ in range(3):
                answer = client.request("POST", CHAT, self.site.bearer(), chat_body())
                self.assertEqual(answer.status, 200, answer.body)
                self.upstream.stop()
                self.upstream = self.start_upstream(port=self.upstream.port)
        self.stop_and_verify(self.daemon)

    def stream_that_is_cut(self, code):
        with self.daemon.connect() as client:
            client.send(render("POST", CHAT, self.site.bearer(), chat_body(stream=True)))
            answer, error = self.read_cut_stream(client)
        outcome = self.site.outcome(answer.decision)
        self.assertEqual((error["code"], outcome["failure"], outcome["status"]), (code, code, 200))
        self.stop_and_verify(self.daemon)
        return error["message"], outcome["cut_at"]

    def test_cut_in_a_stream(self):
        self.start("--stream", "--fault", "close_mid_stream")
        _, cut_at = self.stream_that_is_cut("upstream_invalid")
        self.assertGreater(cut_at, 0)

    def test_an_event_without_end(self):
        self.start("--stream", "--fault", "huge_answer")
        message, cut_at = self.stream_that_is_cut("upstream_too_large")
        self.assertIn("limits.answer_bytes_max", message)
        self.assertEqual(cut_at, 0)

    def test_stalls_in_a_stream(self):
        self.start("--stream", "--gap-ms", "10000", idle_timeout="300ms")
        with self.daemon.connect() as client:
            client.send(render("POST", CHAT, self.site.bearer(), chat_body(stream=True)))
            answer = client.read_head()
            events = client.read_to_end()
        self.assertIn(b'"upstream_timeout"', events)
        self.assertEqual(self.site.outcome(answer.decision)["failure"], "upstream_timeout")
        self.stop_and_verify(self.daemon)


class CallerLeaves(PortcullisCase):
    def leave(self, options, body, wait):
        upstream = self.start_upstream(*options)
        site = self.make_site(upstream.url)
        daemon = self.start_daemon(site)
        with daemon.connect() as client:
            client.send(render("POST", CHAT, site.bearer(), body))
            wait(client, upstream)
        outcome = wait_for(lambda: site.records("outcome"), 5, "an outcome")[0]
        self.stop_and_verify(daemon)
        return outcome

    def test_in_a_stream(self):
        outcome = self.leave(["--stream", "--gap-ms", "200"], chat_body(stream=True),
                             lambda client, _: (client.read_head(), client.read_chunk()))
        self.assertTrue(outcome["client_aborted"])
        self.assertGreater(outcome["cut_at"], 0)

    def test_while_the_upstream_thinks(self):
        started = time.monotonic()
        outcome = self.leave(["--delay-ms", "5000"], chat_body(),
                             lambda _, upstream: wait_for(lambda: upstream.record.stat().st_size))
        self.assertTrue(outcome["client_aborted"])
        self.assertLess(time.monotonic() - started, 4)  # it was noticed, not waited for


class IssuerFails(PortcullisCase):
    def start(self, issuer, **identity):
        self.upstream = self.start_upstream()
        self.site = self.make_site(self.upstream.url, issuer)
        self.site.config["identity"].update(fetch_timeout="500ms", jwks_cooldown="1s", **identity)
        self.daemon = self.start_daemon(self.site)

    def start_issuer(self):
        issuer = IssuerServer()
        self.addCleanup(issuer.stop)
        return issuer

    def test_down_at_start_and_up_later(self):
        issuer = IssuerServer()
        issuer.stop()
        self.start(issuer)
        answer = self.daemon.chat()
        self.assert_refused(answer, 503, "issuer_unavailable")
        self.assertEqual(self.site.decision(answer.decision)["reason"], "issuer_unavailable")
        self.assertEqual(self.upstream.requests(), [])
        issuer.start()
        self.addCleanup(issuer.stop)
        wait_for(lambda: self.daemon.chat().status == 200, 10, "the issuer's keys")
        self.stop_and_verify(self.daemon)

    def test_down_at_refresh(self):
        """The keys that are there go on verifying."""
        issuer = IssuerServer()
        self.start(issuer, jwks_refresh="1s")
        wait_for(lambda: self.daemon.chat().status == 200)
        issuer.stop()
        self.daemon.wait_log("cannot be fetched")
        self.assertEqual(self.daemon.chat().status, 200)
        self.stop_and_verify(self.daemon)

    def test_keys_rotate(self):
        """A key that is not known yet is fetched, once in a cooldown, and then used."""
        issuer = self.start_issuer()
        self.start(issuer)
        wait_for(lambda: self.daemon.chat().status == 200)
        before = issuer.fetches
        issuer.key_id = "k2"
        wait_for(lambda: self.daemon.chat().status == 200, 5, "the new key")
        for _ in range(20):
            self.assertEqual(self.daemon.chat().status, 200)
        self.assertLessEqual(issuer.fetches - before, 3)
        changes = [r for r in self.site.records("change") if r["what"] == "keys"]
        self.assertEqual(len(changes), 2)
        self.stop_and_verify(self.daemon)

    def test_down_forever(self):
        """Keys that are older than jwks_age_max (a minute at least) verify nothing any more, however
        long ago the last refresh was."""
        issuer = IssuerServer()
        self.start(issuer, jwks_refresh="59s", jwks_age_max="1m")
        wait_for(lambda: self.daemon.chat().status == 200)
        token = self.site.bearer()
        issuer.stop()
        last_good = time.monotonic()
        while (answer := self.daemon.chat(headers=token)).status == 200:
            last_good = time.monotonic()
            self.assertLess(last_good, self.started + 75)
            time.sleep(0.5)
        self.assert_refused(answer, 503, "issuer_unavailable")  # cached tokens, too
        self.assertIn("older than identity.jwks_age_max", self.daemon.log())
        self.stop_and_verify(self.daemon)

    def setUp(self):
        self.started = time.monotonic()


if __name__ == "__main__":
    unittest.main(warnings="ignore")  # sockets are closed with the process
