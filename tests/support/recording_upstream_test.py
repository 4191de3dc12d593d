#!/usr/bin/python3
"""The recording upstream is what other tests trust: that it records before it answers, records
what really came, and goes wrong exactly as it is told.

usage: recording_upstream_test.py PROGRAM
"""

import base64
import hashlib
import http.client
import json
import pathlib
import subprocess
import sys
import tempfile
import unittest

PROGRAM = sys.argv.pop()
CHAT_PATH = "/v1/chat/completions"
CHAT = {"model": "gpt-4o", "messages": [{"role": "user", "content": "caf\u00e9"}]}


class Upstream:
    def __init__(self, *options):
        self.process = subprocess.Popen([PROGRAM, *options], stdout=subprocess.PIPE, text=True)
        self.port = int(self.process.stdout.readline().rpartition(":")[2])

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.last_line = self.process.communicate(timeout=10)[0].strip()

    def connect(self):
        return http.client.HTTPConnection("127.0.0.1", self.port, timeout=5)


def post(connection, body, path=CHAT_PATH, **options):
    connection.request("POST", path, body, {"X-Case": "Kept"}, **options)
    return connection.getresponse()


class RecordingUpstream(unittest.TestCase):
    def test_records_what_came_before_it_answers(self):
        with tempfile.TemporaryDirectory() as directory:
            record = pathlib.Path(directory, "record.jsonl")
            body = json.dumps(CHAT).encode()
            with Upstream("--record", str(record), "--bodies") as upstream:
                connection = upstream.connect()
                for number, chunked in enumerate([False, True, False], 1):
                    sent = iter([body[:7], body[7:]]) if chunked else body
                    answer = post(connection, sent, encode_chunked=chunked)
                    self.assertEqual(len(record.read_text().splitlines()), number)
                    self.assertEqual(json.loads(answer.read())["model"], "gpt-4o")
            self.assertEqual(upstream.last_line, "requests 3")
            for line in record.read_text().splitlines():
                entry = json.loads(line)
                self.assertEqual((entry["method"], entry["target"]), ("POST", CHAT_PATH))
                self.assertEqual(entry["headers"]["x-case"], "Kept")
                self.assertEqual(entry["body_sha256"], hashlib.sha256(body).hexdigest())
                self.assertEqual(base64.b64decode(entry["body_base64"]), body)

    def test_records_before_it_closes_without_an_answer(self):
        with tempfile.TemporaryDirectory() as directory:
            record = pathlib.Path(directory, "record.jsonl")
            with Upstream("--record", str(record), "--fault", "close_before_answer") as upstream:
                with self.assertRaises(http.client.RemoteDisconnected):
                    post(upstream.connect(), b"{}")
                self.assertEqual(len(record.read_text().splitlines()), 1)

    def test_every_endpoint(self):
        with Upstream() as upstream:
            connection = upstream.connect()
            for path, kind in [
                (CHAT_PATH, "chat.completion"),
                ("/v1/responses", "response"),
                ("/v1/completions", "text_completion"),
                ("/v1/embeddings", "list"),
            ]:
                answer = json.loads(post(connection, json.dumps(CHAT), path).read())
                self.assertEqual((answer["object"], answer["model"]), (kind, "gpt-4o"))
                self.assertIn("total_tokens", answer["usage"])
            connection.request("GET", "/v1/models?after=x")
            self.assertEqual(json.loads(connection.getresponse().read())["object"], "list")
            connection.request("GET", "/other")
            self.assertEqual(connection.getresponse().status, 404)

    def test_streams_when_asked(self):
        body = json.dumps({**CHAT, "stream": True})
        with Upstream("--stream", "--gap-ms", "1") as upstream:
            connection = upstream.connect()
            chat = post(connection, body)
            self.assertEqual(chat.headers["Content-Type"], "text/event-stream")
            self.assertTrue(chat.read().endswith(b"data: [DONE]\n\n"))
            response = post(connection, body, "/v1/responses").read()
            self.assertIn(b"event: response.completed\n", response)
            plain = post(connection, json.dumps(CHAT)).read()
            self.assertEqual(json.loads(plain)["id"], "chatcmpl-1")

    def test_faults(self):
        body = json.dumps({**CHAT, "stream": True})
        with Upstream("--fault", "close_mid_body") as upstream:
            with self.assertRaises(http.client.IncompleteRead):
                post(upstream.connect(), body).read()
        with Upstream("--stream", "--fault", "close_mid_stream") as upstream:
            with self.assertRaises(http.client.IncompleteRead) as caught:
                post(upstream.connect(), body).read()
            self.assertIn(b"data: ", caught.exception.partial)
        with Upstream("--fault", "garbage") as upstream:
            with self.assertRaises(http.client.BadStatusLine):
                post(upstream.connect(), body)
        with Upstream("--fault", "redirect") as upstream:
            self.assertEqual(post(upstream.connect(), body).status, 307)
        with Upstream("--fault", "slow_head") as upstream:
            connection = http.client.HTTPConnection("127.0.0.1", upstream.port, timeout=0.2)
            with self.assertRaises(TimeoutError):
                post(connection, body)
        with Upstream("--fault", "huge_answer") as upstream:
            self.assertGreater(len(post(upstream.connect(), body).read()), 80 << 20)
        with Upstream("--stream", "--fault", "huge_answer") as upstream:
            event = post(upstream.connect(), body).read()
            self.assertGreater(len(event), 80 << 20)
            self.assertEqual((event[:7], event.count(b"\n\n")), (b"data: a", 1))

    def test_refuses_an_unknown_fault(self):
        ended = subprocess.run([PROGRAM, "--fault", "x"], stderr=subprocess.DEVNULL)
        self.assertEqual(ended.returncode, 64)


if __name__ == "__main__":
    unittest.main(warnings="ignore")  # sockets are closed with the process
