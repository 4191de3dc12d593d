#!/usr/bin/python3
"""Floods: past a limit callers get a clear refusal, no refusal is forgotten, and strangers cannot
fill the disk.

environment: PORTCULLIS, RECORDING_UPSTREAM; PYTHONPATH: tests/support
"""

import socket
import threading
import time
import unittest

from portcullis_case import PortcullisCase
from portcullis_daemon import CHAT, chat_body, wait_for
from raw_http import Closed, render
from token_issuer import Issuer

JSON = {"Content-Type": "application/json"}


class Limits(PortcullisCase):
    def setUp(self):
        self.upstream = self.start_upstream()
        self.site = self.make_site(self.upstream.url)
        self.site.config["listen"]["workers"] = 1  # limits are per worker

    def accounted(self):
        """How many refusals the log speaks of: those with a record, and those that were counted."""
        denied = [r for r in self.site.records("decision") if r["decision"]["effect"] == "deny"]
        rows = [row for record in self.site.records("shed") for row in record["rows"]]
        return len(denied), sum(row["count"] for row in rows)

    def flood(self, daemon, count, headers):
        with daemon.connect() as client:
            for _ in range(count):
                client.send(render("GET", "/v1/models", headers))
                answer = client.read_answer()
                self.assertEqual((answer.status, answer.code), (401, "token_missing"))

    def test_strangers_do_not_fill_the_log(self):
        daemon = self.start_daemon(self.site)
        self.flood(daemon, 500, {})
        wait_for(lambda: sum(self.accounted()) == 500, 5, "each refusal to be accounted for")
        self.assertEqual(self.accounted()[0], 10)  # a minute and network
        self.stop_and_verify(daemon)

    def test_what_was_counted_survives_the_end(self):
        daemon = self.start_daemon(self.site)
        self.flood(daemon, 100, {})
        self.stop_and_verify(daemon)
        self.assertEqual(sum(self.accounted()), 100)

    def test_token_verifications(self):
        """Forgeries cost their sender, not those who are known: a cached token is not verified."""
        self.site.config["limits"]["token_verifications_per_source_s"] = 5
        daemon = self.start_daemon(self.site)
        known = self.site.bearer()
        self.assertEqual(daemon.chat(headers=known).status, 200)
        forged = {**JSON, "Authorization": "Bearer " + Issuer().token()}
        codes = []
        for _ in range(40):
            answer = daemon.chat(headers=forged)
            codes.append((answer.status, answer.code))
        self.assertEqual(set(codes), {(401, "token_signature"), (429, "token_rate")})
        self.assertEqual(daemon.chat(headers=known).status, 200)
        self.assertEqual(len(self.upstream.requests()), 2)
        self.stop_and_verify(daemon)

    def test_connections(self):
        self.site.config["limits"]["connections_max"] = 4
        daemon = self.start_daemon(self.site)
        held = [daemon.connect() for _ in range(4)]
        for client in held:  # so that they are surely accepted
            self.assertEqual(
                client.request("POST", CHAT, self.site.bearer(), chat_body()).status, 200)
        with daemon.connect() as client:
            self.assert_refused(client.read_answer(), 503, "overloaded")
        held.pop().socket.close()
        wait_for(lambda: self.is_served(daemon), 5, "a free connection")
        for client in held:
            client.socket.close()
        wait_for(lambda: sum(self.accounted()) >= 1, 5, "the refusal to be counted")
        self.stop_and_verify(daemon)

    def test_connections_of_one_network(self):
        self.site.config["limits"]["connections_per_source_max"] = 2
        daemon = self.start_daemon(self.site)
        held = [daemon.connect() for _ in range(2)]
        for client in held:
            self.assertEqual(
                client.request("POST", CHAT, self.site.bearer(), chat_body()).status, 200)
        with daemon.connect() as client:
            answer = client.read_answer()
        self.assert_refused(answer, 503, "overloaded")
        self.assertIn(b"limits.connections_per_source_max", answer.body)
        held.pop().socket.close()
        wait_for(lambda: self.is_served(daemon), 5, "a free connection")
        self.stop_and_verify(daemon)
        self.site.config["listen"]["trusted_proxies"] = ["127.0.0.0/8"]
        daemon = self.start_daemon(self.site)
        held = [daemon.connect() for _ in range(6)]
        for client in held:
            self.assertEqual(
                client.request("POST", CHAT, self.site.bearer(), chat_body()).status, 200)
        self.stop_and_verify(daemon)

    def is_served(self, daemon):
        try:
            return daemon.chat().status == 200
        except (OSError, Closed):
            return False

    def test_memory_of_one_person(self):
        """Bodies that arrive slowly: who has filled their share waits, and all others go on."""
        self.site.config["limits"].update(memory_per_subject_max="236MiB",
                                          exchange_memory_max="160MiB", answer_bytes_max="100MiB")
        self.site.config["content"]["decoded_bytes_max"] = "16MiB"
        huge = self.start_upstream("--stream", "--fault", "huge_answer")
        self.site.config["upstreams"].append({"name": "huge", "url": huge.url})
        self.site.config["routes"].insert(
            0, {"path": "/v1/completions", "upstream": "huge", "surface": "openai"})
        daemon = self.start_daemon(self.site)
        large = chat_body("The sum of it all is this. " * (15 * 1024 * 1024 // 27))
        anna, bob = self.site.bearer(), self.site.bearer(subject="bob")
        with daemon.connect() as slow:
            slow.send(render("POST", CHAT, anna, large)[:-1])
            def refused():
                answer = daemon.chat(large, anna)
                return answer if answer.status != 200 else None
            answer = wait_for(refused, 20, "the share to be full")
            self.assert_refused(answer, 503, "overloaded")
            self.assertIn("limits.memory_per_subject_max", answer.message)
            self.assertEqual(daemon.chat(headers=anna).status, 200)  # what is small goes on
            body = b'{"model":"gpt-4o","prompt":"Ave"}'
            answer = daemon.request("POST", "/v1/completions", anna, body)  # no room for it
            self.assert_refused(answer, 503, "overloaded")
            self.assertIn("limits.memory_per_subject_max", answer.message)
            self.assertEqual(self.site.outcome(answer.decision)["failure"], "overloaded")
            self.assert_stream_finds_no_room(daemon, anna)
            self.assertEqual(daemon.chat(large, bob).status, 200)
        wait_for(lambda: daemon.chat(large, anna).status == 200, 20, "the share to be free again")
        self.stop_and_verify(daemon)

    def assert_stream_finds_no_room(self, daemon, headers):
        """Events are held until they are whole, half of what a whole answer takes: so another slow
        body must take some of the share as well."""
        medium = chat_body("The sum of it all is this. " * (6 * 1024 * 1024 // 27))
        body = b'{"model":"gpt-4o","prompt":"Ave","stream":true}'
        with daemon.connect() as slow:
            slow.send(render("POST", CHAT, headers, medium)[:-1])
            def refused():
                with daemon.connect() as client:
                    client.send(render("POST", "/v1/completions", headers, body))
                    answer, error = self.read_cut_stream(client)
                return (answer, error) if error["code"] == "overloaded" else None
            answer, error = wait_for(refused, 20, "the stream to find no room")
        self.assertIn("limits.memory_per_subject_max", error["message"])
        outcome = self.site.outcome(answer.decision)
        self.assertEqual((outcome["failure"], outcome["cut_at"]), ("overloaded", 0))

    def test_one_caller_alone_does_not_wait_for_others(self):
        """A record by itself wakes the log's writer, which else would sleep for a second."""
        self.site.config["limits"]["commit_timeout"] = "500ms"
        daemon = self.start_daemon(self.site)
        for _ in range(3):
            self.assertEqual(daemon.chat().status, 200)
        self.stop_and_verify(daemon)

    def test_slow_heads_are_cut(self):
        self.site.config["limits"]["header_timeout"] = "300ms"
        daemon = self.start_daemon(self.site)
        clients = [daemon.connect() for _ in range(50)]
        started = time.monotonic()
        while time.monotonic() - started < 0.6:  # a byte now and then keeps none of them open
            for client in clients:
                try:
                    client.send(b"G")
                except OSError:
                    pass
            time.sleep(0.05)
        for client in clients:
            self.assertIn(b" 408 ", client.read_to_end())
        self.stop_and_verify(daemon)

    def test_a_caller_that_never_reads(self):
        """Its connection is cut, its stream has an outcome, and others are served meanwhile."""
        self.site.config["limits"]["write_timeout"] = "300ms"
        upstream = self.start_upstream("--fault", "huge_answer")
        self.site.config["limits"].update(answer_bytes_max="256MiB", memory_per_subject_max="1GiB")
        self.site.config["upstreams"].append({"name": "huge", "url": upstream.url})
        self.site.config["routes"].append(
            {"path": "/v1/completions", "upstream": "huge", "surface": "openai"})
        daemon = self.start_daemon(self.site)
        client = daemon.connect()
        client.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        body = b'{"model":"gpt-4o","prompt":"Ave"}'
        client.send(render("POST", "/v1/completions", self.site.bearer(), body))
        answered = []
        threads = [threading.Thread(target=lambda: answered.append(daemon.chat().status))
                   for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(20)
        self.assertEqual(answered, [200] * 8)
        wait_for(lambda: len(self.site.records("outcome")) == 9, 10, "nine outcomes")
        self.stop_and_verify(daemon)


if __name__ == "__main__":
    unittest.main(warnings="ignore")  # sockets are closed with the process
