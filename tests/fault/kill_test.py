#!/usr/bin/python3
"""kill -9 at random moments under load, again and again, on one log: after each restart it
verifies, and every request that the upstream ever saw has its durable decision that allows it.

A record holds no content. What ties it to a request is the commitment to the bytes that were sent:
each body is unique, and for each decision the test computes what evidence.commit.forwarded must be.

usage: kill_test.py [ROUNDS] [SEED]
environment: PORTCULLIS, RECORDING_UPSTREAM; PYTHONPATH: tests/support
"""

import pathlib
import random
import shutil
import sys
import tempfile
import threading
import time

from portcullis_daemon import CHAT, Daemon, Site, Upstream, chat_body
from raw_http import Client, Closed, render

CALLERS = 8
LOAD_S = (0.02, 0.4)  # from the first answer to the kill


class Load:
    """Callers that send without pause until the daemon is gone."""

    def __init__(self, daemon, counter):
        self.daemon = daemon
        self.counter = counter
        self.lock = threading.Lock()
        self.answered = []  # decision ids of requests that were answered with 200
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
                    body = chat_body(f"Request {self._number():x} of the load.")
                    client.send(render("POST", CHAT, bearer, body))
                    answer = client.read_answer()
                    assert answer.status == 200, answer
                    with self.lock:
                        self.answered.append(answer.decision)
        except (OSError, Closed):
            return  # killed

    def wait_for_first(self):
        end = time.monotonic() + 20
        while not self.answered:
            assert time.monotonic() < end, self.daemon.log()
            time.sleep(0.002)

    def join(self):
        for thread in self.threads:
            thread.join(30)
            assert not thread.is_alive()


def verify(site):
    code, report = site.verify()
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


def check_round(site, upstream, answered, seen):
    """`seen`: what was checked in earlier rounds, and the decisions whose request may still arrive.
    Every start begins a segment, so what a kill left is in segments that no longer change."""
    report = verify(site)
    segments = site.segments()[:-1]
    records = site.records("decision", segments=segments[seen["segments"]:])
    fresh = [r for r in records if r["decision"]["effect"] == "allow"]
    bodies = [request["body"] for request in upstream.requests(after=seen["requests"])]
    assert len(set(bodies)) == len(bodies), "a request was sent twice"
    missing, seen["waiting"] = match(site, seen["waiting"] + fresh, bodies)
    assert not missing, f"reached the upstream without a durable decision: {missing[:3]}"
    lost = set(answered) - {record["id"] for record in fresh}
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
    answered = []
    sent = recoveries = 0
    for number in range(rounds + 1):
        if chance.random() < 0.3:
            kill_while_it_starts(site, chance)
        daemon = Daemon(site)  # recovers what the last kill left
        if number > 0:
            report, bodies, allowed = check_round(site, upstream, answered, seen)
            sent += bodies
            recoveries = len(report["notes"])
            print(f"round {number}: {bodies} requests seen upstream, {allowed} decisions, "
                  f"{len(answered)} answers", flush=True)
        if number == rounds:
            break
        load = Load(daemon, counter)
        load.wait_for_first()
        time.sleep(chance.uniform(*LOAD_S))
        daemon.kill()
        load.join()
        answered = load.answered
    assert daemon.stop() == 0
    report = verify(site)
    upstream.stop()
    shutil.rmtree(directory)
    print(f"{rounds} kills, seed {seed}: {sent} requests reached the upstream, each with its "
          f"durable decision; {report['open_decisions']} were allowed and have no outcome; "
          f"{recoveries} recoveries noted; verified")


if __name__ == "__main__":
    run(int(sys.argv[1]) if len(sys.argv) > 1 else 20,
        int(sys.argv[2]) if len(sys.argv) > 2 else time.time_ns() % 100_000)
