#!/usr/bin/python3
"""SIGTERM ends the daemon without losing an exchange or a record; SIGHUP swaps what the
configuration names, or keeps what was there.

environment: PORTCULLIS, RECORDING_UPSTREAM; PYTHONPATH: tests/support
"""

import signal
import socket
import threading
import time
import unittest

from portcullis_case import PortcullisCase
from portcullis_daemon import CHAT, SECRET_PROMPT, chat_body, wait_for
from raw_http import Closed, render


class Signals(PortcullisCase):
    def start(self, *options, **limits):
        self.upstream = self.start_upstream(*options)
        self.site = self.make_site(self.upstream.url)
        self.site.config["limits"].update(limits)
        self.daemon = self.start_daemon(self.site)

    def open_stream(self):
        client = self.daemon.connect()
        self.addCleanup(client.socket.close)
        client.send(render("POST", CHAT, self.site.bearer(), chat_body(stream=True)))
        answer = client.read_head()
        self.assertEqual(answer.status, 200)
        return client, answer

    # ------------------------------------------------------------ SIGTERM

    def test_drain_finishes_what_runs(self):
        self.start("--stream", "--gap-ms", "200")
        idle = self.daemon.connect()
        self.assertEqual(idle.request("POST", CHAT, self.site.bearer(), chat_body()).status, 200)
        client, answer = self.open_stream()
        client.read_chunk()
        self.daemon.signal(signal.SIGTERM)
        with self.assertRaises((Closed, ConnectionResetError)):
            idle.read_answer()  # a connection without an exchange is closed at once
        events = b""
        while chunk := client.read_chunk():
            events += chunk
        self.assertTrue(events.endswith(b"data: [DONE]\n\n"))
        with self.assertRaises(ConnectionRefusedError):
            self.daemon.connect()
        outcome = self.site.outcome(answer.decision)
        self.assertEqual((outcome["status"], outcome.get("failure")), (200, None))
        report = self.stop_and_verify(self.daemon)
        self.assertEqual(report["open_decisions"], 0)

    def test_drain_has_an_end(self):
        self.start("--stream", "--gap-ms", "3000", drain_timeout="300ms")
        _, answer = self.open_stream()
        started = time.monotonic()
        self.daemon.signal(signal.SIGTERM)
        self.assertEqual(self.daemon.wait(10), 0, self.daemon.log())
        self.assertLess(time.monotonic() - started, 4)
        report = self.stop_and_verify(self.daemon)
        self.assertEqual(report["open_decisions"], 0)
        self.assertIn("cut_at", self.site.outcome(answer.decision))

    def test_drain_under_load_loses_no_answer(self):
        self.start()
        failures, answered = [], []

        def call():
            bearer = self.site.bearer()
            while True:
                try:
                    with self.daemon.connect() as client:
                        client.send(render("POST", CHAT, bearer, chat_body()))
                        answer = client.read_answer()
                except ConnectionRefusedError:
                    return  # the listener is closed: nothing was taken from this caller
                except (OSError, Closed) as error:
                    failures.append(repr(error))
                    return
                answered.append((answer.status, answer.code))
        callers = [threading.Thread(target=call) for _ in range(8)]
        for caller in callers:
            caller.start()
        wait_for(lambda: len(answered) > 50)
        self.daemon.signal(signal.SIGTERM)
        for caller in callers:
            caller.join(20)
        self.assertEqual(failures, [])
        self.assertLessEqual(set(answered), {(200, None), (503, "draining")})
        report = self.stop_and_verify(self.daemon)
        self.assertEqual(report["open_decisions"], 0)
        self.assertEqual(len(self.upstream.requests()), report["outcomes"])

    def test_drain_completes_the_answer_of_who_sent_the_next_request_early(self):
        """What is unread would reset the connection, and cut an answer that is still under way."""
        listener = socket.create_server(("127.0.0.1", 0))
        self.addCleanup(listener.close)
        self.site = self.make_site(f"http://127.0.0.1:{listener.getsockname()[1]}")
        self.daemon = self.start_daemon(self.site)
        client = self.daemon.connect()
        self.addCleanup(client.socket.close)
        client.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 32768)
        request = render("POST", CHAT, self.site.bearer(), chat_body())
        client.send(request)
        upstream = listener.accept()[0]
        self.addCleanup(upstream.close)
        self.assertTrue(upstream.recv(65536))
        client.send(request)  # stays in the socket
        self.daemon.signal(signal.SIGTERM)
        wait_for(lambda: not self.is_listening(), 10, "the listener to close")
        body = b'{"model":"gpt-4o","x":"' + b"a" * 1_500_000 + b'"}'
        upstream.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
                         b"Content-Length: %d\r\n\r\n%s" % (len(body), body))
        answer = client.read_head()
        time.sleep(0.5)  # the rest is in the daemon's send buffer, or waits for room there
        self.assertEqual(client.read_body(answer).body, body)
        self.stop_and_verify(self.daemon)

    def is_listening(self):
        try:
            self.daemon.connect().socket.close()
        except OSError:
            return False
        return True

    # ------------------------------------------------------------ SIGHUP

    def reload(self, expected):
        """Writes the site as it is now, and waits for the daemon to say what became of it."""
        seen = self.daemon.log().count(expected)
        self.site.write()
        self.daemon.signal(signal.SIGHUP)
        wait_for(lambda: self.daemon.log().count(expected) > seen, 10, expected)

    def test_a_good_policy_replaces_the_old(self):
        self.start()
        answer = self.daemon.chat()
        first = self.site.wait_record("decision", answer.decision)["policy"]
        self.site.policy["metadata"]["sequence"] = 2
        self.site.policy["rules"][0]["match"]["action"] = ["embed"]
        self.reload("reloaded: policy test sequence 2")
        answer = self.daemon.chat()
        self.assert_refused(answer, 403, "not_permitted")
        second = self.site.wait_record("decision", answer.decision)["policy"]
        self.assertEqual((first["sequence"], second["sequence"]), (1, 2))
        self.assertNotEqual(first["digest"], second["digest"])
        self.assertIn(second["digest"], [r["digest"] for r in self.site.records("change")])
        self.stop_and_verify(self.daemon)

    def test_a_bad_policy_changes_nothing(self):
        self.start()
        rules = self.site.policy["rules"]
        bad = {
            "a misspelt attribute": [{"id": "x", "effect": "permit", "match": {"subjct.kind": "a"},
                                      "data_within": []}],
            "an unknown effect": [{"id": "x", "effect": "allow", "match": {}}],
            "two rules of one id": [rules[2], rules[2]],
        }
        for name, more in bad.items():
            with self.subTest(name):
                self.site.policy["rules"] = rules[:2] + more  # without forbid-secrets
                self.site.policy["metadata"]["sequence"] = 2
                changes = len(self.site.records("change"))
                self.reload("reload refused")
                self.assertEqual(len(self.site.records("change")), changes)
                self.assertEqual(self.daemon.chat().status, 200)
                self.assert_refused(self.daemon.chat(chat_body(SECRET_PROMPT)), 403, "forbidden")
        (self.site.directory / "policy.yaml").unlink()
        self.daemon.signal(signal.SIGHUP)
        wait_for(lambda: self.daemon.log().count("reload refused") > len(bad))
        self.assert_refused(self.daemon.chat(chat_body(SECRET_PROMPT)), 403, "forbidden")
        self.stop_and_verify(self.daemon)

    def test_a_person_who_left_is_denied_with_a_cached_token(self):
        self.start()
        bearer = self.site.bearer()
        self.assertEqual(self.daemon.chat(headers=bearer).status, 200)
        self.site.people[0]["active"] = False
        self.reload("reloaded")
        self.assert_refused(self.daemon.chat(headers=bearer), 403, "subject_inactive")
        self.stop_and_verify(self.daemon)

    def test_reload_under_load(self):
        """Each request is judged by one policy or the other, and recorded with the one it was."""
        self.start()
        stop = threading.Event()
        bad = []

        def call():
            bearer = self.site.bearer()
            with self.daemon.connect() as client:
                while not stop.is_set():
                    answer = client.request("POST", CHAT, bearer, chat_body())
                    record = (answer.status, answer.code)
                    if record not in ((200, None), (403, "not_permitted")):
                        bad.append(record)
        callers = [threading.Thread(target=call) for _ in range(4)]
        for caller in callers:
            caller.start()
        match = self.site.policy["rules"][0]["match"]
        for sequence in range(2, 8):
            self.site.policy["metadata"]["sequence"] = sequence
            match["action"] = ["embed"] if sequence % 2 == 0 else ["chat"]
            self.reload(f"reloaded: policy test sequence {sequence}")
        stop.set()
        for caller in callers:
            caller.join(20)
        self.assertEqual(bad, [])
        self.assertEqual(self.daemon.stop(), 0)
        for record in self.site.records("decision"):
            even = record["policy"]["sequence"] % 2 == 0
            self.assertEqual(record["decision"]["effect"], "deny" if even else "allow")
        self.assert_whole(self.site)


if __name__ == "__main__":
    unittest.main(warnings="ignore")  # sockets are closed with the process
