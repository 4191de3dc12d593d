#!/usr/bin/python3
"""Answers that two readers could read differently, or that are a way around the daemon: the caller
gets an error, the log says so, and no caller ever gets a piece of another's answer.

environment: PORTCULLIS, RECORDING_UPSTREAM; PYTHONPATH: tests/support
"""

import contextlib
import itertools
import json
import socket
import threading
import time
import unittest

from portcullis_case import PortcullisCase
from portcullis_daemon import CHAT, MODEL, chat_body
from raw_http import Closed, render

CHUNKED = b"Transfer-Encoding: chunked\r\n\r\n"
TYPE = b"Content-Type: application/json\r\n"
OK = b"HTTP/1.1 200 OK\r\n"
SPLIT = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nOTHER"  # meant for the next caller


def body_of(number):
    return json.dumps({"id": f"answer-{number}", "object": "chat.completion", "model": MODEL,
                       "choices": []}).encode()


def chunk(body, end=b"\r\n"):
    return b"%x\r\n%s\r\n0\r\n%s" % (len(body), body, end)


def plain(body, *fields):
    return OK + TYPE + b"".join(field + b"\r\n" for field in fields) + (
        b"Content-Length: %d\r\n\r\n%s" % (len(body), body))


class Scripted:
    """Reads requests, and answers each with what `script` makes of its number."""

    def __init__(self, script):
        self.script = script
        self.numbers = itertools.count(1)
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self.listener.getsockname()[1]}"
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        with contextlib.suppress(OSError):
            while True:
                peer = self.listener.accept()[0]
                threading.Thread(target=self._serve, args=(peer,), daemon=True).start()

    def _serve(self, peer):
        with contextlib.suppress(OSError), peer:
            data = b""
            while more := peer.recv(65536):
                data += more
                while b'"messages"' in data and data.endswith(b"}"):
                    data = b""
                    answer = self.script(body_of(next(self.numbers)))
                    peer.sendall(answer)
                    if isinstance(answer, Last):
                        return

    def stop(self):
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()


INVALID = (502, "upstream_invalid")
EVENT = b'data: {"choices":[{"delta":{"content":"x"}}]}\n\n'


class Last(bytes):
    """An answer after which the connection ends."""

# name: (what is answered, (status, code) for the caller); None: the answer itself, and only it
ROWS = {
    "a good answer": (plain, None),
    "in chunks": (lambda body: OK + TYPE + CHUNKED + chunk(body), None),
    "with a trailer": (
        lambda body: OK + TYPE + CHUNKED + chunk(body, b"X-Trailer: 1\r\n\r\n"), None),
    "after 103": (lambda body: b"HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n" + plain(body), None),
    "and a second one": (lambda body: plain(body) + SPLIT, None),
    "a cookie and our own headers": (
        lambda body: plain(body, b"Set-Cookie: a=b", b"Portcullis-Decision: forged",
                           b"Access-Control-Allow-Origin: *"), None),
    "both length headers": (
        lambda body: OK + TYPE + b"Content-Length: 5\r\n" + CHUNKED + chunk(body), INVALID),
    "two lengths": (lambda body: plain(body, b"Content-Length: 5"), INVALID),
    "gzip, chunked": (
        lambda body: OK + TYPE + CHUNKED.replace(b"chunked", b"gzip, chunked") + chunk(body),
        INVALID),
    "no length": (lambda body: OK + TYPE + b"Connection: close\r\n\r\n" + body, INVALID),
    "a folded field": (lambda body: plain(body, b"X-A: 1\r\n 2"), INVALID),
    "bare line feeds": (lambda body: plain(body).replace(b"\r\n", b"\n"),
                        (504, "upstream_timeout")),
    "bad chunks": (lambda body: OK + TYPE + CHUNKED + b"zz\r\n" + body, INVALID),
    "encoded unasked": (lambda body: plain(body, b"Content-Encoding: gzip"), INVALID),
    "encoded unasked, behind an identity": (
        lambda body: plain(body, b"Content-Encoding: identity", b"Content-Encoding: gzip"), INVALID),
    "a status below 100": (lambda body: plain(body).replace(b"200", b"042", 1), INVALID),
    "101": (lambda body: b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: h2c\r\n\r\n", INVALID),
    "1 MB of header": (lambda body: plain(body, b"X-A: " + b"a" * 1_000_000),
                       (502, "upstream_too_large")),
    "interim answers without end": (
        lambda body: b"HTTP/1.1 102 Processing\r\n\r\n" * 100_000, (504, "upstream_timeout")),
    "HTTP/2": (lambda body: b"\0\0\x12\x04\0\0\0\0\0" + b"\0" * 18 + b"\r\n\r\n", INVALID),
}


class HostileUpstream(PortcullisCase):
    def start(self, script, **limits):
        upstream = Scripted(script)
        self.addCleanup(upstream.stop)
        self.site = self.make_site(upstream.url)
        self.site.config["listen"]["workers"] = 1  # so that connections upstream are used again
        self.site.config["upstreams"][0].update(first_byte_timeout="1s", idle_timeout="1s")
        self.site.config["limits"].update(limits)
        self.daemon = self.start_daemon(self.site)

    def check(self, expected, number):
        answer = self.daemon.chat(chat_body(f"Question {number}."))
        outcome = self.site.outcome(answer.decision)
        if expected is not None:
            self.assert_refused(answer, *expected)
            self.assertEqual(outcome["failure"], expected[1])
            return
        self.assertEqual((answer.status, answer.body), (200, body_of(number)))
        self.assertEqual(outcome["commit"]["returned"],
                         self.site.commitment(answer.decision, "returned", answer.body))
        self.assertEqual(len(answer.headers["portcullis-decision"]), 1)
        for name in ("set-cookie", "access-control-allow-origin", "x-trailer", "link"):
            self.assertIsNone(answer.header(name))

    def test_rows(self):
        for name, (script, expected) in ROWS.items():
            with self.subTest(name):
                self.start(script)
                for number in range(1, 4):
                    self.check(expected, number)
                self.stop_and_verify(self.daemon)

    def test_answers_that_cannot_have_a_body(self):
        """Framing behind such a head would be read as the next answer."""
        for status in (204, 304):
            for fields in (b"", b"Content-Type: text/event-stream\r\n"):
                with self.subTest((status, fields)):
                    head = b"HTTP/1.1 %d Odd\r\n%s\r\n" % (status, fields)
                    self.start(lambda body: head if b"answer-1" in body else plain(body))
                    with self.daemon.connect() as client:
                        request = render("POST", CHAT, self.site.bearer(), chat_body())
                        client.send(request + request)
                        answer = client.read_answer()
                        self.assertEqual(answer.status, status)
                        self.assertIsNone(answer.header("transfer-encoding"))
                        self.assertIsNone(answer.header("content-length"))
                        self.assertEqual(client.read_answer().status, 200)
                    self.stop_and_verify(self.daemon)

    def test_events_without_end(self):
        """One event that never ends is not collected without limit."""
        event = b"10000\r\n" + b"a" * 65536 + b"\r\n"
        self.start(lambda body: OK + b"Content-Type: text/event-stream\r\n" + CHUNKED
                   + b"6\r\ndata: \r\n" + event * 1200)  # 75 MiB
        with self.daemon.connect() as client:
            client.send(render("POST", CHAT, self.site.bearer(), chat_body(stream=True)))
            answer = client.read_head()
            events = b""
            with self.assertRaises(Closed):
                while chunk := client.read_chunk():
                    events += chunk
        self.assertIn(b'"upstream_too_large"', events)
        self.assertLess(len(events), 4096)
        self.assertEqual(self.site.outcome(answer.decision)["failure"], "upstream_too_large")
        self.assertLess(self.daemon.memory_peak(), 600 << 20)
        self.stop_and_verify(self.daemon)

    def test_a_stream_without_a_pause_has_an_end(self):
        """The time for an answer is over while more of it is always there to be read."""
        event = b'data: {"model":"gpt-4o","text":"' + b"a" * 8000 + b'"}\n\n'
        self.start(lambda body: OK + b"Content-Type: text/event-stream\r\n" + CHUNKED
                   + (b"%x\r\n%s\r\n" % (len(event), event)) * 2500 + b"0\r\n\r\n",
                   stream_max="300ms")
        with self.daemon.connect() as client:
            client.send(render("POST", CHAT, self.site.bearer(), chat_body(stream=True)))
            answer = client.read_head()
            end = b""
            with self.assertRaises(Closed):
                while chunk := client.read_chunk():
                    end = (end + chunk)[-1000:]
                    time.sleep(0.002)  # slower than the upstream
        self.assertIn(b'"upstream_timeout"', end)
        self.assertEqual(self.site.outcome(answer.decision)["failure"], "upstream_timeout")
        self.stop_and_verify(self.daemon)

    def stream(self, events):
        """What a caller gets of an event stream that ends with its connection, and its outcome."""
        return self.pass_on(Last(OK + b"Content-Type: text/event-stream\r\n\r\n" + events))

    def pass_on(self, answer):
        self.start(lambda body: answer)
        with self.daemon.connect() as client:
            client.send(render("POST", CHAT, self.site.bearer(), chat_body(stream=True)))
            answer = client.read_head()
            got = b""
            with contextlib.suppress(Closed):
                while chunk := client.read_chunk():
                    got += chunk
        outcome = self.site.outcome(answer.decision)
        self.stop_and_verify(self.daemon)
        return got, outcome

    def test_events_that_end_with_the_connection(self):
        """Whole only if they say so: otherwise nobody can tell the end from a cut."""
        for end in (b"data: [DONE]\n\n", b"data:[DONE]\n\n",
                    b'data: {"type":"response.completed"}\n\n'):
            with self.subTest(end):
                events = EVENT + end
                got, outcome = self.stream(events)
                self.assertEqual(got, events)
                self.assertNotIn("cut_at", outcome)
                self.assertNotIn("failure", outcome)
        for events in (EVENT, EVENT + b'data: {"text":"[DONE]"}\n\n', EVENT + b"data: [DONE]\n",
                       EVENT.replace(b"x", b"response.completed")):
            with self.subTest(events):
                got, outcome = self.stream(events)
                self.assertIn(b'"upstream_invalid"', got)
                self.assertEqual(outcome["failure"], "upstream_invalid")
                self.assertIn("cut_at", outcome)

    def test_a_stream_is_one_in_any_letters(self):
        events = EVENT + b"data: [DONE]\n\n"
        got, outcome = self.pass_on(Last(OK + b"Content-Type: Text/Event-Stream\r\n\r\n" + events))
        self.assertEqual(got, events)
        self.assertNotIn("failure", outcome)

    def test_what_follows_the_last_event(self):
        """Behind a blank line too many, or a comment, nothing is missing."""
        events = EVENT + b"data: [DONE]\n\n"
        head = OK + b"Content-Type: text/event-stream\r\n" + CHUNKED
        for rest in (b"", b"\n", b"\r\n", b": keep\n"):
            with self.subTest(rest):
                got, outcome = self.pass_on(head + chunk(events + rest))
                self.assertEqual(got, events)
                self.assertNotIn("failure", outcome)
        got, outcome = self.pass_on(head + chunk(events + b"data: x\n"))
        self.assertIn(b'"upstream_invalid"', got)
        self.assertEqual(outcome["failure"], "upstream_invalid")


if __name__ == "__main__":
    unittest.main(warnings="ignore")  # sockets are closed with the process
