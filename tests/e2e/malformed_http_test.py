#!/usr/bin/python3
"""Requests that two readers could read differently: each is refused, the connection is closed, and
what follows on it is never read as a second request.

Behind every row a whole, valid request is sent in the same write: the smuggled one. An upstream
that sees anything, or a second answer, is the failure that these rows look for.

environment: PORTCULLIS, RECORDING_UPSTREAM; PYTHONPATH: tests/support
"""

import socket
import unittest

from portcullis_case import PortcullisCase
from portcullis_daemon import CHAT, chat_body
from raw_http import Closed, chunked, render

BODY = chat_body()
LENGTH = f"Content-Length: {len(BODY)}"
TYPE = "Content-Type: application/json"
HOST = "Host: portcullis.test"
TE = "Transfer-Encoding: chunked"
AUTH = "Authorization: Bearer TOKEN"
LINE = f"POST {CHAT} HTTP/1.1"


def head(*lines, line=LINE, end="\r\n"):
    return end.join([line, *lines, "", ""]).encode("latin-1")


def plain(*extra, line=LINE):
    """A request that is valid but for `extra` or its request line."""
    return head(HOST, AUTH, TYPE, *extra, LENGTH, line=line) + BODY


def in_chunks(body, *extra):
    return head(HOST, AUTH, TYPE, TE, *extra) + body


ONE_CHUNK = chunked([BODY])
SIZE = b"%x" % len(BODY)
MALFORMED = (400, "http_malformed")
AMBIGUOUS = (400, "token_ambiguous")
UNKNOWN = (404, "path_unknown")

# name: (what is sent, (status, code))
ROWS = {
    # RFC 9112 section 6: where does the body end?
    "both length headers": (head(HOST, AUTH, TYPE, LENGTH, TE) + ONE_CHUNK, MALFORMED),
    "both, the other way round": (head(HOST, AUTH, TYPE, TE, LENGTH) + ONE_CHUNK, MALFORMED),
    "two equal lengths": (plain(LENGTH), MALFORMED),
    "two unequal lengths": (plain("Content-Length: 0"), MALFORMED),
    "a list of lengths": (head(HOST, AUTH, TYPE, f"{LENGTH}, {len(BODY)}") + BODY, MALFORMED),
    "a signed length": (head(HOST, AUTH, TYPE, f"Content-Length: +{len(BODY)}") + BODY, MALFORMED),
    "a negative length": (head(HOST, AUTH, TYPE, "Content-Length: -1") + BODY, MALFORMED),
    "a hexadecimal length": (head(HOST, AUTH, TYPE, "Content-Length: 0x10") + BODY, MALFORMED),
    "an empty length": (head(HOST, AUTH, TYPE, "Content-Length:") + BODY, MALFORMED),
    "a length past 64 bits": (head(HOST, AUTH, TYPE, "Content-Length: " + "9" * 20) + BODY,
                              MALFORMED),
    "no length": (head(HOST, AUTH, TYPE) + BODY, (411, "length_required")),
    "xchunked": (head(HOST, AUTH, TYPE, "Transfer-Encoding: xchunked") + ONE_CHUNK, MALFORMED),
    "identity": (head(HOST, AUTH, TYPE, "Transfer-Encoding: identity") + BODY, MALFORMED),
    "chunked twice": (head(HOST, AUTH, TYPE, "Transfer-Encoding: chunked, chunked") + ONE_CHUNK,
                      MALFORMED),
    "two codings": (head(HOST, AUTH, TYPE, "Transfer-Encoding: gzip, chunked") + ONE_CHUNK,
                    MALFORMED),
    "two coding headers": (head(HOST, AUTH, TYPE, TE, TE) + ONE_CHUNK, MALFORMED),
    "a quoted coding": (head(HOST, AUTH, TYPE, 'Transfer-Encoding: "chunked"') + ONE_CHUNK,
                        MALFORMED),
    "a coding after a vertical tab": (
        head(HOST, AUTH, TYPE, "Transfer-Encoding: \x0bchunked") + ONE_CHUNK, MALFORMED),
    "chunked on HTTP/1.0": (
        head(HOST, AUTH, TYPE, TE, line=f"POST {CHAT} HTTP/1.0") + ONE_CHUNK, MALFORMED),
    # Chunks
    "a chunk extension": (in_chunks(SIZE + b";a=b\r\n" + BODY + b"\r\n0\r\n\r\n"), MALFORMED),
    "1 MB of chunk extension": (
        in_chunks(SIZE + b";" + b"a" * 1_000_000 + b"\r\n" + BODY + b"\r\n0\r\n\r\n"), MALFORMED),
    "an extension on the last chunk": (in_chunks(SIZE + b"\r\n" + BODY + b"\r\n0;a\r\n\r\n"),
                                       MALFORMED),
    "a trailer": (in_chunks(ONE_CHUNK[:-2] + b"Host: other\r\n\r\n"), MALFORMED),
    "no chunk size": (in_chunks(b"\r\n" + BODY), MALFORMED),
    "a chunk size that is no number": (in_chunks(b"zz\r\n" + BODY), MALFORMED),
    "a chunk size with 0x": (in_chunks(b"0x" + SIZE + b"\r\n" + BODY + b"\r\n0\r\n\r\n"),
                             MALFORMED),
    "a negative chunk size": (in_chunks(b"-1\r\n" + BODY), MALFORMED),
    "a chunk size past 64 bits": (in_chunks(b"f" * 17 + b"\r\n" + BODY), MALFORMED),
    "a chunk that is longer than it says": (
        in_chunks(SIZE + b"\r\n" + BODY + b"x\r\n0\r\n\r\n"), MALFORMED),
    "a chunk ended by a line feed": (in_chunks(SIZE + b"\n" + BODY + b"\r\n0\r\n\r\n"), MALFORMED),
    # Lines
    "bare line feeds": (head(HOST, AUTH, TYPE, LENGTH, end="\n") + BODY, MALFORMED),
    "one bare line feed": (plain("X-A: 1\nX-B: 2"), MALFORMED),
    "a bare carriage return": (plain("X-A: 1\rX-B: 2"), MALFORMED),
    "a folded line": (plain("X-A: 1\r\n 2"), MALFORMED),
    "a folded Transfer-Encoding": (
        head(HOST, AUTH, TYPE, "Transfer-Encoding:\r\n chunked") + ONE_CHUNK, MALFORMED),
    "a fold before the first header": (head(" X: 1", HOST, AUTH, TYPE, LENGTH) + BODY, MALFORMED),
    "a space before the colon": (plain("X-A : 1"), MALFORMED),
    "a header without a colon": (plain("X-A"), MALFORMED),
    "a header without a name": (plain(": 1"), MALFORMED),
    "a NUL": (plain("X-A: \0"), MALFORMED),
    "a byte of 0x80 in a value": (plain("X-A: \x80"), MALFORMED),
    "a byte of 0xff in a name": (plain("X-\xff: 1"), MALFORMED),
    # Fields that stand for trust
    "no Host": (head(AUTH, TYPE, LENGTH) + BODY, MALFORMED),
    "an empty Host": (head("Host:", AUTH, TYPE, LENGTH) + BODY, MALFORMED),
    "two Hosts": (plain("Host: other.test"), MALFORMED),
    "a Host with a path": (head("Host: a/b", AUTH, TYPE, LENGTH) + BODY, MALFORMED),
    "a Host with user information": (head("Host: a@b", AUTH, TYPE, LENGTH) + BODY, MALFORMED),
    "two Authorizations": (plain("Authorization: Bearer other"), AMBIGUOUS),
    "two equal Authorizations": (plain(AUTH), AMBIGUOUS),
    "two x-api-keys": (plain("x-api-key: a", "X-Api-Key: b"), AMBIGUOUS),
    "two Content-Types": (plain(TYPE), MALFORMED),
    "two Content-Encodings": (plain("Content-Encoding: gzip", "Content-Encoding: gzip"), MALFORMED),
    "an unknown Expect": (plain("Expect: 200-ok"), (417, "expectation_failed")),
    "an Upgrade": (plain("Upgrade: websocket", "Connection: Upgrade"), (403, "upgrade_refused")),
    "an Upgrade to h2c": (plain("Upgrade: h2c", "HTTP2-Settings: AAMAAABk"),
                          (403, "upgrade_refused")),
    # The request line
    "absolute-form": (plain(line=f"POST http://model.test{CHAT} HTTP/1.1"), MALFORMED),
    "authority-form": (plain(line="CONNECT model.test:80 HTTP/1.1"), (405, "method_not_allowed")),
    "asterisk-form": (plain(line="POST * HTTP/1.1"), MALFORMED),
    "a fragment": (plain(line=f"POST {CHAT}#x HTTP/1.1"), MALFORMED),
    "a backslash": (plain(line="POST /v1\\chat/completions HTTP/1.1"), MALFORMED),
    "a byte of 0x80 in the target": (plain(line=f"POST {CHAT}\x80 HTTP/1.1"), MALFORMED),
    "a space in the target": (plain(line=f"POST {CHAT} x HTTP/1.1"), MALFORMED),
    "dot segments": (plain(line="POST /v1/x/../chat/completions HTTP/1.1"), UNKNOWN),
    "escaped dot segments": (plain(line="POST /v1/%2e%2e/v1/chat/completions HTTP/1.1"), UNKNOWN),
    "an escaped slash": (plain(line="POST /v1/chat%2fcompletions HTTP/1.1"), UNKNOWN),
    "%00": (plain(line=f"POST {CHAT}%00 HTTP/1.1"), UNKNOWN),
    "a double slash": (plain(line="POST /v1//chat/completions HTTP/1.1"), UNKNOWN),
    "a path parameter": (plain(line=f"POST {CHAT};a=b HTTP/1.1"), (400, "http_malformed")),
    "an escaped letter": (plain(line="POST /v1/%63hat/completions HTTP/1.1"), UNKNOWN),
    "no route": (plain(line="POST /v2/chat/completions HTTP/1.1"), UNKNOWN),
    "a lower-case method": (plain(line=f"post {CHAT} HTTP/1.1"), (405, "method_not_allowed")),
    "an unknown method": (plain(line=f"PORT {CHAT} HTTP/1.1"), (405, "method_not_allowed")),
    "a head alone": (plain(line=f"HEAD {CHAT} HTTP/1.1"), (405, "method_not_allowed")),
    "the wrong method": (plain(line=f"PUT {CHAT} HTTP/1.1"), (405, "method_not_allowed")),
    "a body on GET": (plain(line="GET /v1/models HTTP/1.1"), MALFORMED),
    "HTTP/2.0": (plain(line=f"POST {CHAT} HTTP/2.0"), MALFORMED),
    "HTTP/0.9": (f"POST {CHAT}\r\n\r\n".encode(), MALFORMED),
    "TLS on a plain port": (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\0" * 64
                            + b"\r\n\r\n", MALFORMED),
    # Limits
    "1 MB of header": (plain("X-A: " + "a" * 1_000_000), (431, "header_too_large")),
    "1 MB of request line": (plain(line=f"POST /{'a' * 1_000_000} HTTP/1.1"),
                             (431, "header_too_large")),
    "2,000 headers": (plain(*(f"X-{i}: 1" for i in range(2000))), (431, "header_too_large")),
}


class MalformedHttp(PortcullisCase):
    def setUp(self):
        self.upstream = self.start_upstream()
        self.site = self.make_site(self.upstream.url)
        self.daemon = self.start_daemon(self.site)
        self.token = self.site.issuer.token()

    def tearDown(self):
        self.stop_and_verify(self.daemon)

    def smuggled(self):
        return render("POST", CHAT, self.site.bearer(), chat_body("The smuggled request."))

    def send(self, raw):
        client = self.daemon.connect()
        self.addCleanup(client.socket.close)
        client.send_patiently(raw.replace(b"TOKEN", self.token.encode()))
        return client

    def test_each_row_is_refused_and_nothing_behind_it_is_served(self):
        for name, (raw, expected) in ROWS.items():
            with self.subTest(name):
                client = self.send(raw + self.smuggled())
                answer = client.read_answer()
                self.assert_refused(answer, *expected)
                self.assertEqual(answer.header("connection"), "close")
                self.assertEqual(client.read_to_end(), b"", "a second answer")
        self.assertEqual(self.upstream.requests(), [])

    def test_the_rows_template_is_valid(self):
        """Without what is wrong in a row, it is served: the rows fail for the reason they name."""
        for raw in (plain(), plain("X-A: 1"), in_chunks(ONE_CHUNK)):
            client = self.send(raw + self.smuggled())
            self.assertEqual([client.read_answer().status for _ in range(2)], [200, 200])
        self.assertEqual(len(self.upstream.requests()), 6)

    def test_limits_are_named_with_their_key(self):
        for name, key in (("1 MB of header", "limits.header_bytes_max"),
                          ("2,000 headers", "limits.header_fields_max")):
            self.assertIn(key, self.send(ROWS[name][0]).read_answer().message)

    def test_half_a_request(self):
        """What never ends is ended by a deadline, and answered."""
        self.daemon.kill()
        self.site.config["limits"].update({"header_timeout": "500ms", "body_timeout": "500ms"})
        self.daemon = self.start_daemon(self.site)
        for raw, key in ((plain()[:40], "limits.header_timeout"),
                         (plain()[:-1], "limits.body_timeout"),
                         (in_chunks(ONE_CHUNK[:-2]), "limits.body_timeout")):
            answer = self.send(raw).read_answer()
            self.assert_refused(answer, 408, "deadline")
            self.assertIn(key, answer.message)
        self.assertEqual(self.upstream.requests(), [])

    def test_a_body_that_the_caller_cuts_is_never_forwarded(self):
        for raw in (plain()[:-1], in_chunks(ONE_CHUNK[:-5])):
            client = self.send(raw)
            client.socket.shutdown(socket.SHUT_WR)
            self.assert_refused(client.read_answer(), 400, "http_malformed")
        self.assertEqual(self.upstream.requests(), [])

    def test_http_1_0(self):
        client = self.send(plain(line=f"POST {CHAT} HTTP/1.0") + self.smuggled())
        answer = client.read_answer()
        self.assertEqual((answer.status, answer.header("connection")), (200, "close"))
        self.assertEqual(client.read_to_end(), b"")
        self.assertEqual(len(self.upstream.requests()), 1)

    def test_a_silent_connection_is_closed_without_a_word(self):
        with self.daemon.connect() as client:
            client.socket.shutdown(socket.SHUT_WR)
            with self.assertRaises(Closed) as caught:
                client.read_answer()
            self.assertEqual(caught.exception.args[0], b"")


if __name__ == "__main__":
    unittest.main(warnings="ignore")  # sockets are closed with the process
