"""The daemon as an operator would run it, with what stands around it, for tests in Python.

A Site is a directory with configuration, people, policy, keys and an empty log. JSON is YAML: every
file is written as such, and a test changes the plain values before the daemon starts. Programs come
from the environment: PORTCULLIS and RECORDING_UPSTREAM.
"""

import atexit
import base64
import functools
import hashlib
import hmac
import json
import os
import pathlib
import re
import shutil
import signal
import subprocess
import tempfile
import time

from raw_http import Client
from token_issuer import FILE_ISSUER, AUDIENCE, Issuer

PORTCULLIS = os.environ["PORTCULLIS"]
RECORDING_UPSTREAM = os.environ["RECORDING_UPSTREAM"]

CHAT = "/v1/chat/completions"
MODEL = "gpt-4o"
SSN_PROMPT = "The client's social security number is 536-22-8145, thank you."
SECRET_PROMPT = "Deploy with access key " + "AKIA" + "Q3EGX7TZ5BWN2RKD" + ", please."
UPSTREAM_KEY = "the-key-that-only-the-daemon-has"


def chat_body(prompt="Which gates did Roman camps have?", **members):
    message = {"role": "user", "content": prompt}
    return json.dumps({"model": MODEL, "messages": [message], **members}).encode()


def wait_for(condition, timeout=10, what="a condition"):
    """The first true value of `condition`; raises when there is none in time."""
    end = time.monotonic() + timeout
    while time.monotonic() < end:
        value = condition()
        if value:
            return value
        time.sleep(0.01)
    raise TimeoutError(f"waited {timeout} s for {what}")


@functools.lru_cache(maxsize=None)
def _keys():
    """One set of keys for a whole test program: making an RSA key takes a second."""
    parent = tempfile.mkdtemp(prefix="portcullis-keys-")
    atexit.register(shutil.rmtree, parent, ignore_errors=True)
    directory = pathlib.Path(parent, "keys")
    command = [PORTCULLIS, "keys", "init", "--escrow", "--directory", str(directory)]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return directory


class Upstream:
    """tests/support/recording_upstream, and what it recorded."""

    def __init__(self, directory, *options, port=0):
        self.record = pathlib.Path(directory, f"upstream-{time.monotonic_ns()}.jsonl")
        self.process = subprocess.Popen(
            [RECORDING_UPSTREAM, "--record", str(self.record), "--bodies", "--port", str(port),
             *options], stdout=subprocess.PIPE, text=True)
        self.port = int(self.process.stdout.readline().rpartition(":")[2])
        self.url = f"http://127.0.0.1:{self.port}"

    def requests(self, after=0):
        """All but the first `after`."""
        entries = [json.loads(line) for line in self.record.read_text().splitlines()[after:]]
        for entry in entries:
            entry["body"] = base64.b64decode(entry["body_base64"])
        return entries

    def stop(self):
        if self.process.poll() is None:
            self.process.terminate()
        self.process.wait(10)
        self.process.stdout.close()


class Site:
    def __init__(self, directory, upstream_url, issuer=None):
        self.directory = pathlib.Path(directory)
        self.directory.mkdir(parents=True, exist_ok=True)
        self.issuer = issuer or Issuer()
        self.audit_directory = self.directory / "audit"
        row = {"issuer": self.issuer.name, "audience": [AUDIENCE]}
        if self.issuer.name == FILE_ISSUER:
            row["jwks_file"] = "jwks.json"
        self.config = {
            "listen": {"address": "127.0.0.1:0", "workers": 2},
            "limits": {"token_verifications_per_source_s": 100000},
            "identity": {"issuers": [row], "directory": {"file": "people.yaml"}},
            "upstreams": [{
                "name": "model", "url": upstream_url,
                "credential": {"header": "Authorization", "value_from": {"env": "UPSTREAM_KEY"}},
            }],
            "routes": [{"path": "/v1/*", "upstream": "model", "surface": "openai"}],
            "policy": {"file": "policy.yaml"},
            "content": {},
            "classify": {},
            "audit": {"directory": "audit", "keys": "keys", "reserve_bytes_min": "1MiB",
                      "allow_filesystem": ["tmpfs", "overlay"]},
        }
        self.people = [
            {"id": name + "@example.com", "active": name != "carol", "employment": "employee",
             "identities": [{"issuer": self.issuer.name, "key": name}]}
            for name in ("anna", "bob", "carol")
        ]
        self.policy = {
            "apiVersion": "portcullis/v1", "kind": "PolicySet",
            "metadata": {"name": "test", "sequence": 1},
            "models": {"chat": {"names": [MODEL]},
                       "embedder": {"names": ["text-embedding-3-small"]}},
            "rules": [
                {"id": "permit-people", "effect": "permit", "data_within": ["contact"],
                 "match": {"subject.kind": "person",
                           "action": ["chat", "respond", "complete", "embed", "list_models"]}},
                {"id": "redact-pii", "effect": "require",
                 "match": {"data.classes": {"any_of": ["pii"]}},
                 "obligations": [{"type": "redact", "classes": ["pii"]}]},
                {"id": "forbid-secrets", "effect": "forbid",
                 "match": {"data.classes": {"any_of": ["secret"]}}},
            ],
        }

    def write(self):
        self.audit_directory.mkdir(exist_ok=True)
        if not (self.directory / "keys").exists():
            shutil.copytree(_keys(), self.directory / "keys")
        for name, value in (("portcullis.yaml", self.config), ("policy.yaml", self.policy),
                            ("people.yaml", {"people": self.people}),
                            ("jwks.json", self.issuer.jwks())):
            (self.directory / name).write_text(json.dumps(value, indent=1))

    def bearer(self, **options):
        return {"Authorization": "Bearer " + self.issuer.token(**options),
                "Content-Type": "application/json"}

    # ------------------------------------------------------------ its log

    def segments(self):
        return sorted(self.audit_directory.glob("*.jsonl"))

    def records(self, *types, segments=None):
        """Whole records only: the open segment may end in space that is not written yet."""
        found = []
        for segment in self.segments() if segments is None else segments:
            for line in segment.read_bytes().rstrip(b"\0").split(b"\n")[:-1]:
                found.append(json.loads(line))
        return [record for record in found if not types or record["type"] in types]

    def of_exchange(self, decision_id):
        return [record for record in self.records("decision", "outcome")
                if record["id"] == decision_id]

    def decision(self, decision_id):
        return self.wait_record("decision", decision_id)["decision"]

    def outcome(self, decision_id):
        return self.wait_record("outcome", decision_id)

    def wait_record(self, kind, decision_id):
        """Nobody waits for the record of an unidentified caller's denial, nor for an outcome that
        follows a client's abort."""
        def look():
            found = [r for r in self.of_exchange(decision_id) if r["type"] == kind]
            return found[0] if found else None
        return wait_for(look, what=f"{kind} {decision_id}")

    def verify(self, *options):
        """(exit code, report) of `portcullis audit verify`, given the key from outside the log."""
        command = [PORTCULLIS, "audit", "verify", str(self.audit_directory), "--json",
                   "--public-key", str(self.directory / "keys" / "signing.pub"),
                   "--escrow-key", str(self.directory / "keys" / "escrow.pem"), *options]
        ended = subprocess.run(command, capture_output=True, text=True, timeout=120)
        return ended.returncode, json.loads(ended.stdout)

    def commitment(self, decision_id, part, body):
        """What a record's evidence.commit must say of `body` (src/enforce/evidence_key.h)."""
        def mac(key, message):
            return hmac.new(key, message, hashlib.sha256).digest()
        evidence = bytes.fromhex((self.directory / "keys" / "evidence.key").read_text().strip())
        commit = mac(mac(bytes(32), evidence), b"commit\x01")  # HKDF: extract, expand
        return mac(mac(commit, f"{decision_id}:{part}".encode()), body).hex()


class Daemon:
    """`wrap`: a command to run it under; `popen`: options of subprocess.Popen."""

    def __init__(self, site, wrap=(), ready=True, **popen):
        self.site = site
        self.log_file = site.directory / "serve.log"
        site.write()
        self.log_start = self.log_file.stat().st_size if self.log_file.exists() else 0
        with open(self.log_file, "ab") as log:
            self.process = subprocess.Popen(
                [*wrap, PORTCULLIS, "serve", "--config", str(site.directory / "portcullis.yaml")],
                stderr=log, stdout=log, env={**os.environ, "UPSTREAM_KEY": UPSTREAM_KEY}, **popen)
        self.port = None
        if ready:
            self._wait_until_ready()

    def _wait_until_ready(self):
        def listening():
            if self.process.poll() is not None:
                raise RuntimeError(f"ended with {self.process.returncode}: {self.log()}")
            return re.search(r"listening on \S+:(\d+)", self.log())
        self.port = int(wait_for(listening, 20, "the daemon").group(1))

    def log(self):
        return self.log_file.read_bytes()[self.log_start:].decode()

    def wait_log(self, text, timeout=10):
        return wait_for(lambda: text in self.log(), timeout, f"{text!r} in the daemon's log")

    def connect(self, **options):
        return Client(self.port, **options)

    def request(self, method, path, headers=(), body=None):
        with self.connect() as client:
            return client.request(method, path, headers, body)

    def chat(self, body=None, headers=None):
        return self.request("POST", CHAT, headers or self.site.bearer(), body or chat_body())

    def signal(self, number):
        self.process.send_signal(number)

    def stop(self, timeout=40):
        """Drains; returns the exit code."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        return self.wait(timeout)

    def wait(self, timeout=40):
        try:
            return self.process.wait(timeout)
        except subprocess.TimeoutExpired:
            self.kill()
            raise

    def kill(self):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait(10)

    def memory_peak(self):
        """Bytes of VmHWM: the most that was ever resident."""
        status = pathlib.Path(f"/proc/{self.process.pid}/status").read_text()
        return int(re.search(r"VmHWM:\s+(\d+) kB", status).group(1)) * 1024
