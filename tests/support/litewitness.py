"""litewitness, the C2SP witness of filippo.io/torchwood, as a process with a key of its own.

It takes its key from an ssh-agent, and what `witnessctl` would tell it (which logs to cosign) is
written into its database: the same two rows. PEERS_BIN is where tests/peers/install put the program.
"""

import base64
import hashlib
import os
import pathlib
import socket
import sqlite3
import subprocess

from portcullis_daemon import wait_for

NAME = "witness.example.com/w1"
EMPTY_ROOT = base64.b64encode(hashlib.sha256(b"").digest()).decode()


def program():
    return os.environ.get("PEERS_BIN", "") + "/litewitness"


def log_verifier_key(origin, public_key):
    """C2SP signed-note: what a witness must know of a log."""
    material = b"\x01" + public_key
    key_id = hashlib.sha256(origin.encode() + b"\n" + material).digest()[:4]
    return f"{origin}+{key_id.hex()}+{base64.b64encode(material).decode()}"


def witness_verifier_key(public_key):
    material = b"\x04" + public_key
    key_id = hashlib.sha256(NAME.encode() + b"\n" + material).digest()[:4]
    return f"{NAME}+{key_id.hex()}+{base64.b64encode(material).decode()}"


class Litewitness:
    def __init__(self, directory):
        self.directory = pathlib.Path(directory)
        self.database = self.directory / "witness.db"
        self.agent_socket = self.directory / "agent"
        self.process = None
        key = self.directory / "key"
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(key)], check=True)
        blob = base64.b64decode((self.directory / "key.pub").read_text().split()[1])
        self.vkey = witness_verifier_key(blob[-32:])
        self.fingerprint = "SHA256:" + base64.b64encode(
            hashlib.sha256(blob).digest()).decode().rstrip("=")
        self.agent = subprocess.Popen(["ssh-agent", "-D", "-a", str(self.agent_socket)],
                                      stdout=subprocess.DEVNULL)
        wait_for(self.agent_socket.exists, what="the agent")
        subprocess.run(["ssh-add", "-q", str(key)], check=True,
                       env={**os.environ, "SSH_AUTH_SOCK": str(self.agent_socket)})
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.address = f"127.0.0.1:{free.getsockname()[1]}"
        self.url = f"http://{self.address}/"

    def start(self):
        with open(self.directory / "witness.log", "ab") as log:
            self.process = subprocess.Popen(
                [program(), "-name", NAME, "-db", str(self.database), "-ssh-agent",
                 str(self.agent_socket), "-key", self.fingerprint, "-listen", self.address],
                stderr=log)
        wait_for(self._listens, what="litewitness")

    def _listens(self):
        if self.process.poll() is not None:
            raise RuntimeError((self.directory / "witness.log").read_text())
        with socket.socket() as probe:
            host, port = self.address.split(":")
            return probe.connect_ex((host, int(port))) == 0

    def stop(self):
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            self.process = None

    def end(self):
        self.stop()
        self.agent.terminate()
        self.agent.wait()

    def add_log(self, origin, public_key):
        with sqlite3.connect(self.database, timeout=10) as database:
            database.execute("INSERT INTO log (origin, tree_size, tree_hash) VALUES (?, 0, ?)",
                             (origin, EMPTY_ROOT))
            database.execute("INSERT INTO key (origin, key) VALUES (?, ?)",
                             (origin, log_verifier_key(origin, public_key)))

    def size(self, origin):
        with sqlite3.connect(self.database, timeout=10) as database:
            row = database.execute("SELECT tree_size FROM log WHERE origin = ?",
                                   (origin,)).fetchone()
        return row and row[0]
