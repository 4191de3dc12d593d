"""What bench/run measures against what: an upstream, and the proxies that stand before it, each a
process on loopback with its files in one directory."""

import base64
import http.client
import json
import os
import pathlib
import shutil
import socket
import subprocess
import time

import jwt
from cryptography.hazmat.primitives.asymmetric import ec

REPOSITORY = pathlib.Path(__file__).resolve().parent.parent
PORTKEY = REPOSITORY / "tests/peers/node_modules/@portkey-ai/gateway/build/start-server.js"
ISSUER = "https://id.bench.example"
KEY_ID = "bench"

NGINX = """\
daemon off; worker_processes 1; pid {directory}/nginx.pid; error_log {directory}/nginx.log;
worker_rlimit_nofile 8192;
events {{ worker_connections 4096; }}
http {{
  access_log off; client_body_temp_path {directory}/nginx-body; proxy_temp_path {directory}/nginx-proxy;
  fastcgi_temp_path {directory}/nginx-f; uwsgi_temp_path {directory}/nginx-u; scgi_temp_path {directory}/nginx-s;
  keepalive_requests 100000000;
  upstream provider {{ server 127.0.0.1:{upstream}; keepalive 512; keepalive_requests 100000000; }}
  server {{
    listen 127.0.0.1:{port};
    location / {{ proxy_pass http://provider; proxy_http_version 1.1; proxy_set_header Connection ""; }}
  }}
}}
"""
PORTCULLIS = """\
listen: {{address: "127.0.0.1:{port}", workers: 1}}
identity:
  issuers:
    - {{issuer: "{issuer}", audience: [portcullis], algorithms: [ES256], jwks_file: jwks.json}}
  directory: {{file: people.yaml}}
upstreams:
  - {{name: provider, url: "http://127.0.0.1:{upstream}"}}
routes:
  - {{path: "/v1/*", upstream: provider, surface: openai}}
policy: {{file: policy.yaml}}
audit: {{directory: audit, keys: keys}}
"""
PEOPLE = """\
people:
  - {{id: ada, groups: [staff], employment: employee, identities: [{{issuer: "{issuer}", key: ada}}]}}
"""
POLICY = """\
apiVersion: portcullis/v1
kind: PolicySet
metadata: {name: bench, sequence: 1}
models:
  general: {names: [gpt-4o], upstream: provider}
rules:
  - id: permit-staff
    effect: permit
    match: {subject.kind: person, action: [chat]}
    data_within: [contact]
  - id: forbid-secrets
    effect: forbid
    tier: hard
    match: {data.classes: {any_of: [secret]}}
"""


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def make_issuer():
    """A key set as an issuer publishes it, and one person's access token by it."""
    key = ec.generate_private_key(ec.SECP256R1())
    point = key.public_key().public_numbers()
    # With leading zeros (RFC 7518, 6.2.1.2), which PyJWT leaves away.
    x, y = (base64.urlsafe_b64encode(number.to_bytes(32, "big")).decode().rstrip("=")
            for number in (point.x, point.y))
    key_set = {"keys": [{"kty": "EC", "crv": "P-256", "x": x, "y": y,
                         "kid": KEY_ID, "use": "sig", "alg": "ES256"}]}
    now = int(time.time())
    claims = {"iss": ISSUER, "sub": "ada", "aud": "portcullis", "client_id": "bench",
              "iat": now, "exp": now + 7200, "jti": "bench"}
    headers = {"kid": KEY_ID, "typ": "at+jwt"}
    return key_set, jwt.encode(claims, key, algorithm="ES256", headers=headers)


class Peer:
    def __init__(self, name, port, headers=None):
        self.name, self.port, self.headers = name, port, headers or {}


class Stand:
    """An upstream with one delay and every proxy before it. Use as a context."""

    def __init__(self, build, directory, delay_ms, with_portkey):
        self.build, self.directory, self.delay_ms = build, directory, delay_ms
        self.with_portkey = with_portkey and PORTKEY.exists() and shutil.which("node")
        self.processes = []
        self.key_set, self.token = make_issuer()

    def __enter__(self):
        try:
            self.directory.mkdir(parents=True)
            self.upstream = self.start_upstream()
            self.peers = [self.start_nginx(), self.start_portcullis()]
            if self.with_portkey:
                self.peers.append(self.start_portkey())
            for peer in self.peers:
                self.wait_until_it_answers(peer)
            return self
        except BaseException:
            self.__exit__()
            raise

    def __exit__(self, *_):
        for process in reversed(self.processes):
            process.terminate()
        for process in self.processes:
            try:
                process.wait(timeout=20)
            except subprocess.TimeoutExpired:
                process.kill()
        shutil.rmtree(self.directory, ignore_errors=True)

    def start(self, *command, **options):
        with open(self.directory / "output.log", "ab") as log:
            process = subprocess.Popen([str(part) for part in command], stderr=log,
                                       **{"stdout": log, "cwd": self.directory, **options})
        self.processes.append(process)
        return process

    def start_upstream(self):
        program = self.build / "tests/support/recording_upstream"
        process = self.start(program, "--delay-ms", self.delay_ms, stdout=subprocess.PIPE, text=True)
        return int(process.stdout.readline().rpartition(":")[2])

    def start_nginx(self):
        port = free_port()
        config = self.directory / "nginx.conf"
        config.write_text(NGINX.format(directory=self.directory, upstream=self.upstream, port=port))
        program = shutil.which("nginx", path=os.environ["PATH"] + ":/usr/sbin")
        self.start(program, "-c", config, "-e", self.directory / "nginx.log")
        return Peer("nginx", port)

    def start_portcullis(self):
        port = free_port()
        program = self.build / "portcullis"
        for name, text in {
            "portcullis.yaml": PORTCULLIS.format(issuer=ISSUER, upstream=self.upstream, port=port),
            "people.yaml": PEOPLE.format(issuer=ISSUER),
            "policy.yaml": POLICY,
            "jwks.json": json.dumps(self.key_set),
        }.items():
            (self.directory / name).write_text(text)
        keys = [program, "keys", "init", "--directory", self.directory / "keys", "--escrow"]
        subprocess.run(keys, check=True, stdout=subprocess.DEVNULL)
        (self.directory / "audit").mkdir(mode=0o700)
        self.start(program, "serve", "--config", self.directory / "portcullis.yaml")
        return Peer("portcullis", port)

    def start_portkey(self):
        port = free_port()
        self.start("node", PORTKEY, f"--port={port}", "--headless",
                   env={**os.environ, "TRUSTED_CUSTOM_HOSTS": "127.0.0.1", "NODE_ENV": "production"})
        return Peer("portkey", port, {
            "x-portkey-provider": "openai",
            "x-portkey-custom-host": f"http://127.0.0.1:{self.upstream}/v1",
        })

    def wait_until_it_answers(self, peer):
        deadline = time.monotonic() + 30
        problem = "nothing"
        while time.monotonic() < deadline:
            try:
                answer = self.ask(peer)
            except OSError as error:
                problem = error
            else:
                if answer.status == 200:
                    return self.must_be_recorded(peer, answer)
                problem = f"{answer.status} {answer.read(500)!r}"
            if any(process.poll() is not None for process in self.processes):
                break
            time.sleep(0.1)
        log = (self.directory / "output.log").read_text()[-2000:]
        raise RuntimeError(f"{peer.name} does not answer: {problem}\n{log}")

    def ask(self, peer):
        connection = http.client.HTTPConnection("127.0.0.1", peer.port, timeout=5)
        body = json.dumps({"model": "gpt-4o", "messages": [{"role": "user", "content": "Hello"}]})
        headers = {"Authorization": f"Bearer {self.token}", "Content-Type": "application/json"}
        connection.request("POST", "/v1/chat/completions", body, {**headers, **peer.headers})
        return connection.getresponse()

    @staticmethod
    def must_be_recorded(peer, answer):
        if peer.name == "portcullis" and not answer.headers["Portcullis-Receipt"]:
            raise RuntimeError("portcullis answered without a receipt: not the full path")
