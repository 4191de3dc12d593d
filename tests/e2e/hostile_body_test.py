#!/usr/bin/python3
"""Bodies that are meant to break the reader, to blow up, or to get past it: each is refused with a
code, limits are named with their key, the upstream sees nothing, and memory stays bounded.

environment: PORTCULLIS, RECORDING_UPSTREAM; PYTHONPATH: tests/support
"""

import ctypes
import ctypes.util
import gzip
import json
import threading
import unittest
import zlib

from portcullis_case import PortcullisCase
from portcullis_daemon import CHAT, MODEL, chat_body
from raw_http import render

MIB = 1 << 20
BOMB_BYTES = 256 * MIB
RSS_MAX = 1200 * MIB
JSON_START = b'{"model":"gpt-4o","messages":[{"role":"user","content":"'
JSON_END = b'"}]}'


def message(**members):
    return json.dumps({"model": MODEL, "messages": [{"role": "user", **members}]}).encode()


def responses(**members):
    return json.dumps({"model": MODEL, "input": "Ave.", **members}).encode()


def nested(depth):
    return b'{"model":"gpt-4o","logit_bias":' + b'{"a":' * depth + b"1" + b"}" * depth + b"}"


def zlib_bomb(window_bits):
    packer = zlib.compressobj(1, zlib.DEFLATED, window_bits)
    block = b"a" * MIB
    parts = [packer.compress(JSON_START)]
    parts += [packer.compress(block) for _ in range(BOMB_BYTES // MIB)]
    return b"".join(parts) + packer.compress(JSON_END) + packer.flush()


def library(name):
    path = ctypes.util.find_library(name)
    return ctypes.CDLL(path) if path else None


def brotli(data):
    encoder = library("brotlienc")
    if encoder is None:
        return None
    room = ctypes.c_size_t(len(data) + MIB)
    out = ctypes.create_string_buffer(room.value)
    assert encoder.BrotliEncoderCompress(1, 22, 0, ctypes.c_size_t(len(data)), data,
                                         ctypes.byref(room), out) == 1
    return out.raw[:room.value]


def zstd(data):
    packer = library("zstd")
    if packer is None:
        return None
    packer.ZSTD_compress.restype = ctypes.c_size_t
    size = ctypes.c_size_t(len(data) + MIB)
    out = ctypes.create_string_buffer(size.value)
    used = packer.ZSTD_compress(out, size, data, ctypes.c_size_t(len(data)), 1)
    return out.raw[:used]


def json_bomb():
    return JSON_START + b"a" * (64 * MIB) + JSON_END


INVALID = (400, "json_invalid")
UTF8 = (400, "utf8_invalid")
STATE = (403, "provider_state")
TOOL = (403, "hosted_tool")
REMOTE = (403, "remote_host")
MANY = b'{"role":"user","content":"a"},'

# name: (body, (status, code), what the message must name)
CHAT_ROWS = {
    "nothing": (b"", (400, "http_malformed"), ""),
    "a space": (b" ", INVALID, ""),
    "no JSON": (b"model=gpt-4o", INVALID, ""),
    "cut short": (chat_body()[:-1], INVALID, ""),
    "something behind it": (chat_body() + b"{}", INVALID, ""),
    "a comment": (b"/**/" + chat_body(), INVALID, ""),
    "NaN": (b'{"model":"gpt-4o","temperature":NaN}', INVALID, ""),
    "a leading zero": (b'{"model":"gpt-4o","temperature":01}', INVALID, ""),
    "a control character": (message(content="x").replace(b"x", b"\x01"), INVALID, ""),
    "a NUL behind it": (chat_body() + b"\0", INVALID, ""),
    "a byte order mark": (b"\xef\xbb\xbf" + chat_body(), INVALID, ""),
    "UTF-16": (chat_body().decode().encode("utf-16"), None, ""),
    "an array": (b"[" + chat_body() + b"]", None, ""),
    "an invalid byte": (message(content="x").replace(b'"x"', b'"\xff"'), UTF8, ""),
    "an overlong slash": (message(content="x").replace(b'"x"', b'"\xc0\xaf"'), UTF8, ""),
    "an encoded surrogate": (message(content="x").replace(b'"x"', b'"\xed\xa0\x80"'), UTF8, ""),
    "an escaped lone surrogate": (message(content="x").replace(b'"x"', b'"\\ud800"'), None, ""),
    "depth 65": (nested(65), (400, "nesting_too_deep"), "content.depth_max"),
    "depth 10,000": (nested(10_000), (400, "nesting_too_deep"), "content.depth_max"),
    "depth 1,000,000, open": (b"[" * 1_000_000, None, ""),
    "depth 10,000 in a string": (
        message(tool_calls=[{"id": "1", "type": "function", "function": {
            "name": "f", "arguments": "[" * 10_000 + "]" * 10_000}}]),
        (400, "nesting_too_deep"), "content.depth_max"),
    "200,001 messages": (b'{"model":"gpt-4o","messages":[' + MANY * 200_000 + MANY[:-1] + b"]}",
                         (413, "too_many_texts"), "content.texts_max"),
    "a member twice": (b'{"model":"gpt-4o",' + chat_body()[1:], (400, "duplicate_member"), ""),
    "a member twice, escaped": (b'{"mod\\u0065l":"gpt-4o",' + chat_body()[1:],
                                (400, "duplicate_member"), ""),
    "a member twice, in another case": (b'{"Model":"gpt-4o",' + chat_body()[1:], None, ""),
    "an unknown member": (chat_body(fallbacks=["other"]), (400, "unknown_member"), ""),
    "an unknown member of a message": (message(content="a", x=1), (400, "unknown_member"), ""),
    "a member of the wrong type": (chat_body(stream="yes"), (400, "member_invalid"), ""),
    "no model": (b'{"messages":[]}', (400, "member_invalid"), ""),
    "a model that is a number": (chat_body(model=1), (400, "member_invalid"), ""),
    "a model that is not in the catalogue": (chat_body(model="x"), (403, "unknown_model"), ""),
    "a role that is not listed": (message(content="a").replace(b"user", b"root"),
                                  (400, "member_invalid"), ""),
    "a file by its id": (message(content=[{"type": "file", "file": {"file_id": "f"}}]), STATE, ""),
    "an earlier spoken answer": (message(content="a", audio={"id": "a"}), STATE, ""),
    "web search": (chat_body(web_search_options={}), TOOL, ""),
    "a hosted tool": (chat_body(tools=[{"type": "code_interpreter"}]), TOOL, ""),
    "an image by file:": (message(content=[
        {"type": "image_url", "image_url": {"url": "file:///etc/passwd"}}]), REMOTE, ""),
    "an image with user information": (message(content=[
        {"type": "image_url", "image_url": {"url": "https://a@b.example/c"}}]), REMOTE, ""),
    "an image that nobody can read": (message(content=[
        {"type": "image_url", "image_url": {"url": "data:image/png;base64,AAAA"}}]),
        (403, "data_not_covered"), ""),
}
RESPONSES_ROWS = {
    "an earlier response": (responses(previous_response_id="resp_1"), STATE, ""),
    "a conversation": (responses(conversation="conv_1"), STATE, ""),
    "a stored prompt": (responses(prompt={"id": "p"}), STATE, ""),
    "a reference to an item": (responses(input=[{"type": "item_reference", "id": "x"}]), STATE, ""),
    "nothing but an id": (responses(input=[{"id": "x"}]), STATE, ""),
    "web search": (responses(tools=[{"type": "web_search"}]), TOOL, ""),
    "file search": (responses(tools=[{"type": "file_search", "vector_store_ids": ["v"]}]), TOOL,
                    ""),
    "a remote MCP server": (responses(tools=[
        {"type": "mcp", "server_label": "x", "server_url": "https://x.example"}]), TOOL, ""),
}


class HostileBody(PortcullisCase):
    def setUp(self):
        self.upstream = self.start_upstream()
        self.site = self.make_site(self.upstream.url)
        self.site.config["limits"]["memory_per_subject_max"] = "1536MiB"  # one person sends it all
        self.daemon = self.start_daemon(self.site)
        self.bearer = self.site.bearer()

    def tearDown(self):
        self.assertEqual(self.upstream.requests(), [])
        peak = self.daemon.memory_peak()
        print(f"{self.id().rpartition('.')[2]}: VmHWM {peak / MIB:.0f} MiB")
        self.assertLess(peak, RSS_MAX)
        ok = self.daemon.chat()  # and it still serves
        self.assertEqual(ok.status, 200, ok.body)
        self.stop_and_verify(self.daemon)

    def post(self, body, path=CHAT, **headers):
        extra = {name.replace("_", "-"): value for name, value in headers.items()}
        with self.daemon.connect(timeout=60) as client:
            client.send_patiently(render("POST", path, {**self.bearer, **extra}, body))
            return client.read_answer()

    def check(self, rows, path):
        for name, (body, expected, named) in rows.items():
            with self.subTest(name):
                answer = self.post(body, path)
                if expected is None:  # one of several codes is as good: what counts is the refusal
                    self.assertEqual(answer.status, 400, answer.body)
                    expected = (400, answer.code)
                self.assert_refused(answer, *expected)
                self.assertIn(named, answer.message)
                self.assertEqual(answer.header("x-should-retry"), "false")
                records = self.site.of_exchange(answer.decision)
                self.assertEqual([r["decision"]["reason"] for r in records], [expected[1]])

    def test_chat_bodies(self):
        self.check(CHAT_ROWS, CHAT)

    def test_responses_bodies(self):
        self.check(RESPONSES_ROWS, "/v1/responses")

    def test_codings(self):
        good = gzip.compress(chat_body())
        for name, coding, body, status, code in (
                ("unknown", "snappy", good, 415, "encoding_unsupported"),
                ("three", "gzip, gzip, gzip", good, 415, "encoding_unsupported"),
                ("cut short", "gzip", good[:-4], 400, "encoding_invalid"),
                ("something behind it", "gzip", good + b"x", 400, "encoding_invalid"),
                ("two streams", "gzip", good + good, 400, "encoding_invalid"),
                ("not what it says", "br", good, 400, "encoding_invalid"),
                ("not encoded", "zstd", chat_body(), 400, "encoding_invalid"),
                ("encoded unsaid", "identity", good, 400, None)):
            with self.subTest(name):
                answer = self.post(body, Content_Encoding=coding)
                self.assert_refused(answer, status, code or answer.code)

    def test_media_types(self):
        for media_type in ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data",
                           "application/jsonp", ""):
            with self.subTest(media_type):
                headers = {"Authorization": self.bearer["Authorization"]}
                if media_type:
                    headers["Content-Type"] = media_type
                answer = self.daemon.request("POST", CHAT, headers, chat_body())
                self.assert_refused(answer, 415, "media_type_unsupported")

    def test_bombs(self):
        """Alone and sixteen at a time, they are stopped at a limit that the message names."""
        plain = json_bomb()
        once = zlib_bomb(31)
        bombs = {"gzip": once, "deflate": zlib_bomb(15), "gzip, gzip": gzip.compress(once),
                 "br": brotli(plain), "zstd": zstd(plain)}
        del plain
        for coding, bomb in bombs.items():
            with self.subTest(coding):
                if bomb is None:
                    self.skipTest(f"no library here makes {coding}")
                self.assertLess(len(bomb), 2 * MIB)
                alone = self.post(bomb, Content_Encoding=coding)
                self.assert_refused(alone, 413, "decoded_too_large")
                self.assertIn("content.decoded_", alone.message)
                for answer in self.at_once(16, lambda: self.post(bomb, Content_Encoding=coding)):
                    self.assertIn((answer.status, answer.code),
                                  [(413, "decoded_too_large"), (503, "overloaded")])

    def at_once(self, count, call):
        answers = []
        threads = [threading.Thread(target=lambda: answers.append(call())) for _ in range(count)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(len(answers), count)
        return answers

    def test_64_megabytes(self):
        body = b"a" * (64 * MIB)
        answer = self.post(body)
        self.assert_refused(answer, 413, "body_too_large")
        self.assertIn("limits.body_bytes_max", answer.message)
        pieces = b"".join(b"10000\r\n%s\r\n" % body[:65536] for _ in range(1024)) + b"0\r\n\r\n"
        for answer in self.at_once(8, lambda: self.post_chunked(pieces)):
            self.assert_refused(answer, 413, "body_too_large")

    def post_chunked(self, pieces):
        with self.daemon.connect(timeout=60) as client:
            head = render("POST", CHAT, {**self.bearer, "Transfer-Encoding": "chunked"})
            client.send_patiently(head + pieces)
            return client.read_answer()

    def test_a_caller_that_sends_everything_first_still_gets_the_answer(self):
        with self.daemon.connect() as client:
            try:
                client.send(render("POST", CHAT, self.bearer, b"a" * (17 * MIB)))
            except OSError:
                pass  # it was cut off; what was said before that is still there to be read
            self.assert_refused(client.read_answer(), 413, "body_too_large")

    def test_the_largest_bodies_at_once_are_bounded_in_memory(self):
        """Each of these is under every limit; together they must not be more than memory_max."""
        body = chat_body("The sum of it all is this. " * (15 * MIB // 27) + "x", x=1)
        for answer in self.at_once(8, lambda: self.post(body)):
            self.assertIn((answer.status, answer.code),
                          [(400, "unknown_member"), (503, "overloaded")])


if __name__ == "__main__":
    unittest.main(warnings="ignore")  # sockets are closed with the process
