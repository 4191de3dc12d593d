#!/usr/bin/python3
"""kill -9 at random moments under load, again and again, on one log: after each restart it
verifies, every request that the upstream ever saw has its durable decision that allows it, and
every receipt that a caller holds is in the log: of permissions and denials, and of answers that the
kill cut off after their head.

A record holds no content. What ties it to a request is the commitment to the bytes that were sent:
each body is unique, and for each decision the test computes what evidence.commit.forwarded must be.

usage: kill_test.py [ROUNDS] [SEED]
environment: PORTCULLIS, RECORDING_UPSTREAM; PYTHONPATH: tests/support
"""

import hashlib
import json
import pathlib
import random
import shutil
import sys
import tempfile
import threading
import time

from portcullis_daemon import CHAT, SECRET_PROMPT, Daemon, Site, Upstream, chat_body
from raw_http import Client, Closed, render

CALLERS = 8
LOAD_S = (0.02, 0.4)  # from the first answer to the kill
DENIED_EACH = 5         # one request in so many is denied
SUFFIX_BYTES = 148      # of a line: leaf and mac, after what is hashed
VERIFIED_RECEIPTS = 500  # as many as fit on a command line


class Load:
    """Callers that send without pause until the daemon is gone."""

    def __init__(self, daemon, counter):
        self.daemon = daemon
        self.counter = counter
        self.lock = threading.Lock()
        self.answered = []  # decision ids of requests that were answered with 200
        self.receipts = []  # of whatever was answered, if only its head arrived
        self.threads = [threading.Thread(target=self._call) for _ in range(CALLERS)]
        for thread in self.threads:
            thread.start()

    def _number(self):
        with self.lock:
            self.counter[0] += 1
            return self.counter[0]

    def _call(self):
        bearer = self.daemon.site.bearer()
        try:
            with Client(self.daemon.port) as client:
                while True:
                    self._exchange(client, bearer)
        except (OSError, Closed):
            return  # killed

    def _exchange(self, client, bearer):
        number = self._number()
        denied = number % DENIED_EACH == 0
        body = chat_body(SECRET_PROMPT if denied else f"Request {number:x} of the load.")
        client.send(render("POST", CHAT, bearer, body))
        answer = client.read_head()
        assert answer.status == (403 if denied else 200), answer
        with self.lock:
            self.receipts.append(answer.header("portcullis-receipt"))
        client.read_body(answer)
        if not denied:
            with self.lock:
                self.answered.append(answer.decision)

    def wait_for_first(self):
        end = time.monotonic() + 20
        while not self.answered:
            assert time.monotonic() < end, self.daemon.log()
            time.sleep(0.002)

    def join(self):
        for thread in self.threads:
            thread.join(30)
            assert not thread.is_alive()


def check_receipts(segments, receipts):
    """Each receipt names a record that is there, with this hash and this mac."""
    held = set(receipts)
    assert None not in held, "an answer without a receipt"
    for segment in segments:
        for line in segment.read_bytes().split(b"\n")[:-1]:
            body = line[:-SUFFIX_BYTES]
            record = json.loads(line)
            digest = hashlib.sha256(body).hexdigest()
            held.discard(f"v1:{record['stream']}:{record['epoch']}:{record['seq']}:{digest}:"
                         f"{record['mac']}")
    assert not held, f"a caller holds receipts of records that are not there: {sorted(held)[:3]}"


def verify(site, receipts=()):
    """`audit verify` looks for the receipts as well."""
    code, report = site.verify(*(f"--receipt={receipt}" for receipt in receipts))
    assert code == 3 and not report["faults"], report
    return report


def match(site, decisions, bodies):
    """(bodies that no decision commits to, decisions whose request never arrived). Requests arrive
    almost in the order in which they were decided, so each is found soon."""
    left = list(decisions)
    missing = []
    for body in bodies:
        for index, record in enumerate(left):
            forwarded = site.commitment(record["id"], "forwarded", body)
            if forwarded == record["evidence"]["commit"]["forwarded"]:
                del left[index]
                break
        else:
            missing.append(body)
    return missing, left


def check_round(site, upstream, load, seen):
    """`seen`: what was checked in earlier rounds, and the decisions whose request may still arrive.
    Every start begins a segment, so what a kill left is in segments that no longer change."""
    report = verify(site, load.receipts[-VERIFIED_RECEIPTS:])
    segments = site.segments()[:-1]
    check_receipts(segments[seen["segments"]:], load.receipts)
    records = site.records("decision", segments=segments[seen["segments"]:])
    fresh = [r for r in records if r["decision"]["effect"] == "allow"]
    bodies = [request["body"] for request in upstream.requests(after=seen["requests"])]
    assert len(set(bodies)) == len(bodies), "a request was sent twice"
    missing, seen["waiting"] = match(site, seen["waiting"] + fresh, bodies)
    assert not missing, f"reached the upstream without a durable decision: {missing[:3]}"
    lost = set(load.answered) - {record["id"] for record in fresh}
    assert not lost, f"answered, but not in the log: {sorted(lost)[:3]}"
    seen["segments"] = len(segments)
    seen["requests"] += len(bodies)
    return report, len(bodies), len(fresh)


def kill_while_it_starts(site, chance):
    daemon = Daemon(site, ready=False)
    time.sleep(chance.uniform(0, 0.15))
    daemon.kill()


def run(rounds, seed):
    chance = random.Random(seed)
    directory = tempfile.mkdtemp(prefix="portcullis-kill-")
    upstream = Upstream(directory)
    site = Site(pathlib.Path(directory, "site"), upstream.url)
    seen = {"segments": 0, "requests": 0, "waiting": []}
    counter = [0]
    sent = recoveries = held = 0
    for number in range(rounds + 1):
        if chance.random() < 0.3:
            kill_while_it_starts(site, chance)
        daemon = Daemon(site)  # recovers what the last kill left
        if number > 0:
            report, bodies, allowed = check_round(site, upstream, load, seen)
            sent += bodies
            held += len(load.receipts)
            recoveries = len(report["notes"])
            print(f"round {number}: {bodies} requests seen upstream, {allowed} decisions, "
                  f"{len(load.answered)} answers, {len(load.receipts)} receipts", flush=True)
        if number == rounds:
            break
        load = Load(daemon, counter)
        load.wait_for_first()
        time.sleep(chance.uniform(*LOAD_S))
        daemon.kill()
        load.join()
    assert daemon.stop() == 0
    report = verify(site)
    upstream.stop()
    shutil.rmtree(directory)
    print(f"{rounds} kills, seed {seed}: {sent} requests reached the upstream, each with its "
          f"durable decision; {held} receipts were held, each of a record that is there; "
          f"{report['open_decisions']} were allowed and have no outcome; "
          f"{recoveries} recoveries noted; verified")


if __name__ == "__main__":
    run(int(sys.argv[1]) if len(sys.argv) > 1 else 20,
        int(sys.argv[2]) if len(sys.argv) > 2 else time.time_ns() % 100_000)
