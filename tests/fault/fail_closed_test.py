#!/usr/bin/python3
"""Every stage of an exchange, gone wrong in every way: refused, on record once, nothing sent.

The table is complete by construction: a stage or kind without a row fails the test. What cannot be
provoked from outside says why, and which test covers it.

environment: PORTCULLIS, RECORDING_UPSTREAM; PYTHONPATH: tests/support
"""

import contextlib
import dataclasses
import functools
import itertools
import pathlib
import resource
import socket
import threading
import unittest
from collections.abc import Callable

import mounts
from portcullis_case import PortcullisCase
from portcullis_daemon import CHAT, chat_body, wait_for
from raw_http import render
from token_issuer import Issuer, IssuerServer

STAGES = ("identify", "extract", "classify", "decide", "transform", "commit", "forward")
KINDS = ("error", "timeout", "oversize", "exception")


class Silent:
    """An upstream that takes what comes, says nothing, and counts."""

    def __init__(self):
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self.listener.getsockname()[1]}"
        self.connections = 0
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        kept = []
        with contextlib.suppress(OSError):
            while True:
                kept.append(self.listener.accept()[0])
                self.connections += 1

    def stop(self):
        with contextlib.suppress(OSError):  # when stopped before
            self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()


# ---------------------------------------------------------------- how each is provoked
# A provocation gets the test, prepares its site before the daemon starts, and may yield a function
# that sends the request; without one, a plain chat is sent.

@contextlib.contextmanager
def wrong_signature(test):
    yield lambda daemon: daemon.chat(headers={
        "Authorization": "Bearer " + Issuer().token(), "Content-Type": "application/json"})


@contextlib.contextmanager
def issuer_hangs(test):
    issuer = IssuerServer(hang=True)
    test.addCleanup(issuer.stop)
    test.site = test.make_site(test.upstream.url, issuer)
    test.site.config["identity"]["fetch_timeout"] = "200ms"
    yield None


@contextlib.contextmanager
def large_token(test):
    token = test.site.issuer.token(groups=["g" * 100] * 200)
    yield lambda daemon: daemon.chat(headers={
        "Authorization": "Bearer " + token, "Content-Type": "application/json"})


@contextlib.contextmanager
def cut_json(test):
    yield lambda daemon: daemon.chat(chat_body()[:-1])


@contextlib.contextmanager
def body_stalls(test):
    test.site.config["limits"]["body_timeout"] = "200ms"

    def send(daemon):
        with daemon.connect() as client:
            client.send(render("POST", CHAT, daemon.site.bearer(), chat_body())[:-1])
            return client.read_answer()
    yield send


@contextlib.contextmanager
def large_body(test):
    test.site.config["limits"]["body_bytes_max"] = "1KiB"
    yield lambda daemon: daemon.chat(chat_body("a" * 2000))


@contextlib.contextmanager
def slow_classification(test):
    test.site.config["limits"].update(classify_timeout="10ms", compute_bytes_min="1KiB")
    yield lambda daemon: daemon.chat(chat_body("Call +49 30 901820 or write. " * 300_000))


@contextlib.contextmanager
def too_much_to_classify(test):
    test.site.config["classify"]["work_bytes_max"] = "1MiB"
    yield lambda daemon: daemon.chat(chat_body("word " * 600_000))


@contextlib.contextmanager
def attribute_unknown(test):
    test.site.policy["rules"].append({  # the application is not registered: its kind is unknown
        "id": "no-agents", "effect": "forbid", "match": {"client.kind": "agent"}})
    yield None


@contextlib.contextmanager
def large_model_name(test):
    yield lambda daemon: daemon.chat(chat_body(model="m" * 1_000_000))


@contextlib.contextmanager
def cannot_be_rewritten(test):
    yield lambda daemon: daemon.chat(chat_body(metadata={"ssn": "social security 536-22-8145"}))


@contextlib.contextmanager
def write_fails(test):
    test.site.config["limits"]["drain_timeout"] = "1s"
    test.popen = {"restore_signals": False}  # Python ignores SIGXFSZ: writing fails with EFBIG

    def send(daemon):
        segment = next(test.site.audit_directory.glob("*.jsonl"))
        written = len(segment.read_bytes().rstrip(b"\0"))
        resource.prlimit(daemon.process.pid, resource.RLIMIT_FSIZE, (written + 64, written + 64))
        test.exit_code = 70
        return daemon.chat()
    yield send


@contextlib.contextmanager
def disk_hangs(test):
    test.site.config["limits"]["commit_timeout"] = "300ms"
    mounts.mount_ext4(test, test.site.audit_directory, test.site.directory / "image")

    def send(daemon):
        with mounts.frozen(test.site.audit_directory):
            answer = daemon.chat()
        test.site.wait_record("decision", answer.decision)  # it comes late, and does no harm
        return answer
    yield send


@contextlib.contextmanager
def large_record(test):
    test.site.config["audit"]["record_bytes_max"] = "16KiB"
    test.site.policy["rules"] += [
        {"id": f"permit-{i}-{'x' * 80}", "effect": "permit", "match": {}, "data_within": []}
        for i in range(300)]
    yield None


@contextlib.contextmanager
def upstream_down(test):
    test.upstream.stop()
    yield None


@contextlib.contextmanager
def upstream_never_accepts(test):
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    listener.listen(0)
    waiting = []
    for _ in range(8):  # more than fit in the queue of a listener that never accepts
        waiting.append(socket.socket())
        waiting[-1].setblocking(False)
        waiting[-1].connect_ex(listener.getsockname())
    test.site.config["upstreams"][0].update(
        url=f"http://127.0.0.1:{listener.getsockname()[1]}", connect_timeout="200ms")
    yield None
    for one in (listener, *waiting):
        one.close()


@contextlib.contextmanager
def huge_answer(test):
    test.recording = test.start_upstream("--fault", "huge_answer")
    test.site.config["upstreams"][0]["url"] = test.recording.url
    yield None


# ---------------------------------------------------------------- the table

@dataclasses.dataclass
class Provoked:
    how: Callable
    status: int
    code: str
    # What the log must hold of the exchange. An outcome follows an allow only.
    records: tuple = ("deny",)
    requests_sent: int = 0  # after a durable allow only


@dataclasses.dataclass
class ByUnit:
    why: str
    test: str


THROWS = ByUnit("no input makes it throw; the border that would catch it is enforce::judge",
                "tests/enforce")
WITHIN_CLASSIFY = ByUnit(
    "one computation from extract to transform, under one deadline: the row classify/timeout",
    "tests/fault/fail_closed_test.py")

MATRIX = {
    ("identify", "error"): Provoked(wrong_signature, 401, "token_signature"),
    ("identify", "timeout"): Provoked(issuer_hangs, 503, "issuer_unavailable"),
    ("identify", "oversize"): Provoked(large_token, 401, "token_too_large"),
    ("identify", "exception"): ByUnit("what libraries throw is caught in identity",
                                      "tests/identity"),
    ("extract", "error"): Provoked(cut_json, 400, "json_invalid"),
    ("extract", "timeout"): Provoked(body_stalls, 408, "deadline"),
    ("extract", "oversize"): Provoked(large_body, 413, "body_too_large"),
    ("extract", "exception"): THROWS,
    ("classify", "error"): ByUnit("an engine's error needs a broken engine", "tests/classify"),
    ("classify", "timeout"): Provoked(slow_classification, 503, "overloaded"),
    ("classify", "oversize"): Provoked(too_much_to_classify, 403, "data_not_covered"),
    ("classify", "exception"): THROWS,
    ("decide", "error"): Provoked(attribute_unknown, 403, "indeterminate"),
    ("decide", "timeout"): WITHIN_CLASSIFY,
    ("decide", "oversize"): Provoked(large_model_name, 403, "unknown_model"),
    ("decide", "exception"): THROWS,
    ("transform", "error"): Provoked(cannot_be_rewritten, 403, "unredactable"),
    ("transform", "timeout"): WITHIN_CLASSIFY,
    ("transform", "oversize"): ByUnit(
        "what is sent is bounded by what was received: a replacement is as long as its type's name",
        "tests/content"),
    ("transform", "exception"): THROWS,
    ("commit", "error"): Provoked(write_fails, 503, "audit_unavailable", records=()),
    ("commit", "timeout"): Provoked(disk_hangs, 503, "audit_unavailable", records=("allow",)),
    ("commit", "oversize"): Provoked(large_record, 403, "record_too_large"),
    ("commit", "exception"): ByUnit("the writer's faults are values", "tests/audit"),
    ("forward", "error"): Provoked(upstream_down, 502, "upstream_unreachable",
                                   records=("allow", "upstream_unreachable")),
    ("forward", "timeout"): Provoked(upstream_never_accepts, 502, "upstream_unreachable",
                                     records=("allow", "upstream_unreachable")),
    ("forward", "oversize"): Provoked(huge_answer, 502, "upstream_too_large",
                                      records=("allow", "upstream_too_large"), requests_sent=1),
    ("forward", "exception"): ByUnit("what is sent was rendered before; failures are values",
                                     "tests/net"),
}


def summary(record):
    if record["type"] == "outcome":
        return record["failure"]
    return record["decision"]["effect"]


class FailClosed(PortcullisCase):
    def setUp(self):
        self.upstream = Silent()
        self.addCleanup(self.upstream.stop)
        self.recording = None
        self.site = self.make_site(self.upstream.url)
        self.popen, self.exit_code = {}, 0

    def check(self, row):
        with row.how(self) as send:
            daemon = self.start_daemon(self.site, **self.popen)
            answer = send(daemon) if send else daemon.chat()
            self.assert_refused(answer, row.status, row.code)
            wait_for(lambda: len(self.site.of_exchange(answer.decision)) >= len(row.records))
        self.assertEqual(daemon.stop(), self.exit_code, daemon.log())
        self.assertEqual([summary(r) for r in self.site.of_exchange(answer.decision)],
                         list(row.records))
        self.assertEqual(len(self.site.records("decision")), min(1, len(row.records)))
        sent = len(self.recording.requests()) if self.recording else self.upstream.connections
        self.assertEqual(sent, row.requests_sent)
        if self.exit_code != 0:  # a torn end is recovered by the next start
            self.assertEqual(self.start_daemon(self.site).stop(), 0)
        self.assert_whole(self.site)

    def test_what_cannot_be_provoked_is_covered_elsewhere(self):
        tests = pathlib.Path(__file__).resolve().parents[1]
        for (stage, kind), row in MATRIX.items():
            if isinstance(row, ByUnit):
                print(f"{stage}/{kind}: not from outside: {row.why} ({row.test})")
                self.assertTrue((tests.parent / row.test).exists(), row.test)


assert set(MATRIX) == set(itertools.product(STAGES, KINDS)), "every stage, every kind"
for (STAGE, KIND), ROW in MATRIX.items():
    if isinstance(ROW, Provoked):
        setattr(FailClosed, f"test_{STAGE}_{KIND}", functools.partialmethod(FailClosed.check, ROW))

if __name__ == "__main__":
    unittest.main(warnings="ignore")  # sockets are closed with the process
