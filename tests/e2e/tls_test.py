#!/usr/bin/python3
"""TLS on both sides: nothing older than 1.2, and no byte to an upstream whose certificate is not
exactly what it must be.

environment: PORTCULLIS, RECORDING_UPSTREAM; PYTHONPATH: tests/support
"""

import contextlib
import datetime
import ipaddress
import json
import signal
import socket
import ssl
import threading
import unittest
import warnings

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from portcullis_case import PortcullisCase
from portcullis_daemon import CHAT, UPSTREAM_KEY, chat_body
from raw_http import Client

PEM = serialization.Encoding.PEM


class Authority:
    def __init__(self, directory):
        self.directory = directory
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.certificate = self.build("ca", self.key, None, [], 30, is_ca=True)
        self.file = directory / f"ca-{self.certificate.serial_number}.pem"
        self.file.write_bytes(self.certificate.public_bytes(PEM))

    def build(self, name, key, issuer, alternatives, days, is_ca=False):
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        now = datetime.datetime.utcnow()
        builder = (
            x509.CertificateBuilder().subject_name(subject)
            .issuer_name(issuer.subject if issuer else subject).public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - datetime.timedelta(days=20))
            .not_valid_after(now + datetime.timedelta(days=days))
            .add_extension(x509.BasicConstraints(ca=is_ca, path_length=None), critical=True))
        if alternatives:
            builder = builder.add_extension(x509.SubjectAlternativeName(alternatives), False)
        return builder.sign(self.key, hashes.SHA256())

    def issue(self, name, days=10):
        """(certificate file, key file) for a host name or an address."""
        key = ec.generate_private_key(ec.SECP256R1())
        try:
            alternative = x509.IPAddress(ipaddress.ip_address(name))
        except ValueError:
            alternative = x509.DNSName(name)
        certificate = self.build(name, key, self.certificate, [alternative], days)
        stem = f"{name}-{certificate.serial_number}"
        files = [self.directory / f"{stem}.{kind}" for kind in ("crt", "key")]
        files[0].write_bytes(certificate.public_bytes(PEM))
        files[1].write_bytes(key.private_bytes(PEM, serialization.PrivateFormat.PKCS8,
                                               serialization.NoEncryption()))
        files[1].chmod(0o600)
        return files


class TlsUpstream:
    """Answers each connection once; keeps what was said inside the handshake's protection."""

    def __init__(self, files, version=ssl.TLSVersion.TLSv1_3):
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.load_cert_chain(*files)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            self.context.minimum_version = ssl.TLSVersion.TLSv1
            self.context.maximum_version = version
        self.context.set_ciphers("ALL:@SECLEVEL=0")
        self.received = b""
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self):
        body = json.dumps({"object": "chat.completion"}).encode()
        with contextlib.suppress(OSError):
            while True:
                plain = self.listener.accept()[0]
                with contextlib.suppress(OSError), self.context.wrap_socket(
                        plain, server_side=True) as peer:
                    while b'"messages"' not in self.received:
                        more = peer.recv(65536)
                        if not more:
                            break
                        self.received += more
                    peer.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
                                 b"Content-Length: %d\r\n\r\n%s" % (len(body), body))

    def stop(self):
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()


class SurplusUpstream(TlsUpstream):
    """Sends at once an answer that fills a read of the proxy to its last byte, and behind it another
    one that nobody asked for. Every later request gets an answer of its own."""

    connections = 0

    def __init__(self, files, size):
        self.size = size
        super().__init__(files)

    def _serve(self):
        with contextlib.suppress(OSError):
            while True:
                plain = self.listener.accept()[0]
                self.connections += 1
                with contextlib.suppress(OSError), self.context.wrap_socket(
                        plain, server_side=True) as peer:
                    self.answer_all(peer)

    def answer_all(self, peer):
        while b'"messages"' in peer.recv(65536):
            peer.sendall(self.answer("asked for", self.size) +
                         (self.answer("stolen", 512) if self.connections == 1 else b""))

    @staticmethod
    def answer(content, size):
        body = json.dumps({"object": "chat.completion", "content": content})
        head = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %05d\r\n\r\n"
        room = size - len(head % 0)
        return (head % room + body.ljust(room)).encode()


class Tls(PortcullisCase):
    def setUp(self):
        self.site = self.make_site("https://unused.test")
        self.authority = Authority(self.site.directory)

    def ask(self, files, host, ca_file, **options):
        """One chat by an upstream with that certificate: (answer, what the upstream could read)."""
        upstream = TlsUpstream(files, **options)
        self.addCleanup(upstream.stop)
        site = self.make_site(f"https://{host}:{upstream.port}")
        site.config["upstreams"][0].update(connect_timeout="2s")
        if ca_file:
            site.config["upstreams"][0]["ca_file"] = str(ca_file)
        daemon = self.start_daemon(site)
        answer = daemon.chat()
        outcome = site.outcome(answer.decision)
        self.assertEqual(outcome.get("failure"), answer.code)
        self.stop_and_verify(daemon)
        return answer, upstream.received

    def test_a_good_certificate(self):
        for host in ("localhost", "127.0.0.1"):
            for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
                with self.subTest((host, version)):
                    answer, received = self.ask(self.authority.issue(host), host,
                                                self.authority.file, version=version)
                    self.assertEqual(answer.status, 200, answer.body)
                    self.assertIn(UPSTREAM_KEY.encode(), received)

    def test_bad_certificates(self):
        other = Authority(self.site.directory)
        rows = {
            "another authority": (other.issue("localhost"), "localhost", {}),
            "another name": (self.authority.issue("elsewhere.test"), "localhost", {}),
            "a name for an address": (self.authority.issue("localhost"), "127.0.0.1", {}),
            "expired": (self.authority.issue("localhost", days=-1), "localhost", {}),
            "TLS 1.1": (self.authority.issue("localhost"), "localhost",
                        {"version": ssl.TLSVersion.TLSv1_1}),
        }
        for name, (files, host, options) in rows.items():
            with self.subTest(name):
                answer, received = self.ask(files, host, self.authority.file, **options)
                self.assert_refused(answer, 502, "upstream_unreachable")
                self.assertEqual(received, b"")
        with self.subTest("the system's authorities only"):
            answer, received = self.ask(self.authority.issue("localhost"), "localhost", None)
            self.assert_refused(answer, 502, "upstream_unreachable")
            self.assertEqual(received, b"")

    def test_an_answer_behind_the_answer_reaches_nobody(self):
        for size in (8192, 16384):  # behind it in one TLS record, and in a record of its own
            with self.subTest(size):
                self.ask_for_surplus(size)

    def ask_for_surplus(self, size):
        upstream = SurplusUpstream(self.authority.issue("127.0.0.1"), size)
        self.addCleanup(upstream.stop)
        site = self.make_site(f"https://127.0.0.1:{upstream.port}")
        site.config["upstreams"][0]["ca_file"] = str(self.authority.file)
        site.config["listen"]["workers"] = 1  # one pool of connections
        daemon = self.start_daemon(site)
        for _ in range(3):
            answer = daemon.chat()
            self.assertEqual(json.loads(answer.body)["content"], "asked for")
        self.assertEqual(upstream.connections, 2)  # the first is not used again, the second is
        self.stop_and_verify(daemon)

    def serve(self):
        upstream = self.start_upstream()
        self.site = self.make_site(upstream.url)
        certificate, key = self.authority.issue("127.0.0.1")
        self.site.config["listen"]["tls"] = {"certificate": str(certificate),
                                             "private_key": str(key)}
        self.key_file = key

    def secure(self, client, **versions):
        context = ssl.create_default_context(cafile=str(self.authority.file))
        context.set_ciphers("ALL:@SECLEVEL=0")
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            for name, version in versions.items():
                setattr(context, name, version)
        client.socket = context.wrap_socket(client.socket, server_hostname="127.0.0.1")
        self.addCleanup(client.socket.close)
        return client

    def client(self, daemon, **versions):
        return self.secure(Client(daemon.port), **versions)

    def test_listener(self):
        self.serve()
        daemon = self.start_daemon(self.site)
        client = self.client(daemon)
        for _ in range(2):
            answer = client.request("POST", CHAT, self.site.bearer(), chat_body())
            self.assertEqual(answer.status, 200, answer.body)
        old = {"minimum_version": ssl.TLSVersion.TLSv1, "maximum_version": ssl.TLSVersion.TLSv1_1}
        with self.assertRaises((ssl.SSLError, ConnectionError)):
            self.client(daemon, **old)
        with daemon.connect() as plain:  # plain HTTP gets nothing at all
            plain.send(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n" + b"a" * 1000)
            self.assertNotIn(b"HTTP/1.1", plain.read_to_end())
        self.stop_and_verify(daemon)

    def test_drain_ends_a_handshake_that_stalls(self):
        self.serve()
        daemon = self.start_daemon(self.site)
        with daemon.connect():  # and never a word
            self.assertEqual(self.client(daemon).request("GET", "/v1/models").status, 401)
            self.stop_and_verify(daemon)

    def test_drain_waits_for_a_handshake_under_way(self):
        self.serve()
        daemon = self.start_daemon(self.site)
        bearer = self.site.bearer()
        client = Client(daemon.port)
        daemon.signal(signal.SIGTERM)
        answer = self.secure(client).request("POST", CHAT, bearer, chat_body())
        self.assertEqual(answer.status, 200, answer.body)
        self.stop_and_verify(daemon)

    def test_a_private_key_that_others_can_read(self):
        self.serve()
        self.key_file.chmod(0o644)
        daemon = self.start_daemon(self.site, ready=False)
        self.assertEqual(daemon.wait(20), 78, daemon.log())
        self.assertNotIn("listening", daemon.log())


if __name__ == "__main__":
    unittest.main(warnings="ignore")  # sockets are closed with the process
