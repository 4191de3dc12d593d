"""A time-stamp authority: a tiny HTTP server around `openssl ts -reply`, with faults on demand.

The stamping is OpenSSL's own; only HTTP, and the faults, are made here.
"""

import http.server
import pathlib
import ssl
import subprocess
import threading
import time

CONFIGURATION = """
[tsa]
default_tsa = policy
[policy]
serial = {directory}/serial
signer_digest = sha256
default_policy = 1.2.3.4.1
digests = sha1, sha256, sha512
accuracy = secs:1
ess_cert_id_chain = no
ess_cert_id_alg = sha256
"""

EXTENSIONS = """
[root]
basicConstraints = critical,CA:TRUE
[stamp]
extendedKeyUsage = critical,timeStamping
[server]
extendedKeyUsage = critical,serverAuth
subjectAltName = IP:127.0.0.1
"""


def _openssl(*arguments, data=None):
    done = subprocess.run(["openssl", *arguments], input=data, capture_output=True, timeout=30)
    if done.returncode != 0:
        raise RuntimeError(f"openssl {arguments[0]}: {done.stderr.decode()}")
    return done.stdout


class Authority:
    """Over HTTPS if `tls`, with a certificate under `root`; `stranger` is another root.

    `fault`: None, "garbage", "huge", "slow", "redirect", "error", "wrong_imprint", "expired",
    "other_root", "old"."""

    def __init__(self, directory, tls=False):
        self.directory = pathlib.Path(directory)
        self.root = self.directory / "root.pem"
        self.stranger = self.directory / "stranger.pem"
        self.fault = None
        self.asked = 0
        self._first_reply = None
        (self.directory / "serial").write_text("01\n")
        (self.directory / "ts.cnf").write_text(CONFIGURATION.format(directory=self.directory))
        (self.directory / "ext.cnf").write_text(EXTENSIONS)
        self._make_root("root")
        self._make_root("stranger")
        self._make_certificate("stamp", "root")
        self._make_certificate("foreign", "stranger")
        authority = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                authority.answer(self, body)

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        if tls:
            self._make_certificate("server", "root", extensions="server")
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(self.directory / "server.pem", self.directory / "server.key")
            self.server.socket = context.wrap_socket(self.server.socket, server_side=True,
                                                     do_handshake_on_connect=False)
        self.url = f"http{'s' * tls}://127.0.0.1:{self.server.server_address[1]}/tsr"
        self.thread = threading.Thread(target=self.server.serve_forever, daemon=True)
        self.thread.start()

    def stop(self):
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()

    # ------------------------------------------------------------ answers

    def answer(self, handler, query):
        self.asked += 1
        fault = self.fault
        if handler.headers["Content-Type"] != "application/timestamp-query":
            fault = "error"
        if fault == "slow":
            time.sleep(3)
            return  # whoever asked has gone
        if fault in ("error", "redirect"):
            handler.send_response(500 if fault == "error" else 307)
            handler.send_header("Location", self.url)
            handler.send_header("Content-Length", "0")
            handler.end_headers()
            return
        reply = self.reply(query, fault)
        handler.send_response(200)
        handler.send_header("Content-Type", "application/timestamp-reply")
        handler.send_header("Content-Length", str(len(reply)))
        handler.end_headers()
        try:
            handler.wfile.write(reply)
        except OSError:
            pass

    def reply(self, query, fault):
        if fault == "garbage":
            return b"this is no DER"
        if fault == "huge":
            return b"\x30" * (10 << 20)
        if fault == "old" and self._first_reply:
            return self._first_reply
        if fault == "wrong_imprint":
            # The same nonce, another message: SHA-256 values are the 32 bytes of an OCTET STRING.
            at = query.index(b"\x04\x20") + 2
            query = query[:at] + bytes(32) + query[at + 32:]
        signer = {"other_root": "foreign", "expired": "expired"}.get(fault, "stamp")
        if signer == "expired" and not (self.directory / "expired.pem").exists():
            self._make_certificate("expired", "root", days="-1")
        (self.directory / "query.tsq").write_bytes(query)
        reply = _openssl("ts", "-reply", "-config", str(self.directory / "ts.cnf"), "-queryfile",
                         str(self.directory / "query.tsq"), "-signer",
                         str(self.directory / f"{signer}.pem"), "-inkey",
                         str(self.directory / f"{signer}.key"))
        self._first_reply = self._first_reply or reply
        return reply

    # ------------------------------------------------------------ certificates

    def _make_root(self, name):
        _openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                 "-days", "30", "-subj", f"/CN=Test {name}", "-keyout",
                 str(self.directory / f"{name}.key"), "-out", str(self.directory / f"{name}.pem"))

    def _make_certificate(self, name, issuer, days="30", extensions="stamp"):
        key = str(self.directory / f"{name}.key")
        request = _openssl("req", "-new", "-newkey", "ec", "-pkeyopt",
                           "ec_paramgen_curve:P-256", "-nodes", "-subj", f"/CN=Test {name}",
                           "-keyout", key)
        (self.directory / f"{name}.pem").write_bytes(_openssl(
            "x509", "-req", "-CA", str(self.directory / f"{issuer}.pem"), "-CAkey",
            str(self.directory / f"{issuer}.key"), "-set_serial", "7", "-days", days, "-extfile",
            str(self.directory / "ext.cnf"), "-extensions", extensions, data=request))

    def verify(self, reply, note):
        """What `openssl ts -verify` says of a reply over a note: (good, its words)."""
        (self.directory / "reply.tsr").write_bytes(reply)
        (self.directory / "note").write_bytes(note)
        done = subprocess.run(
            ["openssl", "ts", "-verify", "-in", str(self.directory / "reply.tsr"), "-data",
             str(self.directory / "note"), "-CAfile", str(self.root)],
            capture_output=True, text=True, timeout=30)
        return done.returncode == 0, done.stdout + done.stderr
