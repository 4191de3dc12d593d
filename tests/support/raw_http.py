"""HTTP/1.1 over a plain socket: what a test sends is what goes out, byte for byte."""

import dataclasses
import json
import select
import socket


class Closed(Exception):
    """The peer closed before a whole answer; `args[0]` holds what came."""


@dataclasses.dataclass
class Answer:
    status: int
    headers: dict  # lower-case name -> list of values
    body: bytes
    interim: list = dataclasses.field(default_factory=list)  # statuses of 1xx answers before it

    def header(self, name):
        return self.headers.get(name, [None])[0]

    @property
    def json(self):
        return json.loads(self.body)

    @property
    def code(self):
        """Of a refusal; None for anything else."""
        try:
            return self.json["error"]["code"]
        except (ValueError, KeyError, TypeError):
            return None

    @property
    def message(self):
        return self.json["error"]["message"]

    @property
    def decision(self):
        return self.header("portcullis-decision")


class Client:
    def __init__(self, port, timeout=20):
        self.socket = socket.create_connection(("127.0.0.1", port), timeout)
        self.buffer = b""

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()

    def send(self, data):
        self.socket.sendall(data)

    def send_patiently(self, data):
        """Sends as much as the peer takes, and stops when it answers. Returns what was sent."""
        sent = 0
        view = memoryview(data)
        while sent < len(data):
            readable, writable, _ = select.select([self.socket], [self.socket], [], 20)
            if readable:
                break
            if not writable:
                raise TimeoutError("the peer neither reads nor answers")
            try:
                sent += self.socket.send(view[sent:sent + 65536])
            except OSError:
                break
        return sent

    def _more(self):
        data = self.socket.recv(65536)
        if not data:
            raise Closed(self.buffer)
        self.buffer += data

    def _take_until(self, mark):
        while mark not in self.buffer:
            self._more()
        taken, _, self.buffer = self.buffer.partition(mark)
        return taken

    def _take(self, size):
        while len(self.buffer) < size:
            self._more()
        taken, self.buffer = self.buffer[:size], self.buffer[size:]
        return taken

    def read_head(self):
        interim = []
        while True:
            lines = self._take_until(b"\r\n\r\n").decode("latin-1").split("\r\n")
            status = int(lines[0].split(" ")[1])
            if status >= 200:
                break
            interim.append(status)
        headers = {}
        for line in lines[1:]:
            name, _, value = line.partition(":")
            headers.setdefault(name.lower(), []).append(value.strip())
        return Answer(status, headers, b"", interim)

    def read_chunk(self):
        """One chunk of a chunked body; b"" is its end."""
        size = int(self._take_until(b"\r\n"), 16)
        data = self._take(size)
        self._take(2)
        return data

    def read_answer(self):
        return self.read_body(self.read_head())

    def read_body(self, answer):
        if answer.header("transfer-encoding") == "chunked":
            while chunk := self.read_chunk():
                answer.body += chunk
        elif answer.header("content-length") is not None:
            answer.body = self._take(int(answer.header("content-length")))
        elif answer.status not in (204, 304):
            answer.body = self.read_to_end()
        return answer

    def read_to_end(self):
        """What comes until the peer closes or resets."""
        while True:
            try:
                self._more()
            except (Closed, ConnectionResetError):
                rest, self.buffer = self.buffer, b""
                return rest

    def request(self, method, path, headers=(), body=None):
        self.send(render(method, path, headers, body))
        return self.read_answer()


def render(method, path, headers=(), body=None):
    """`headers`: a dict, or pairs where a name comes twice. Adds Host and Content-Length."""
    pairs = list(headers.items()) if isinstance(headers, dict) else list(headers)
    out = f"{method} {path} HTTP/1.1\r\nHost: portcullis.test\r\n"
    out += "".join(f"{name}: {value}\r\n" for name, value in pairs)
    if body is not None:
        out += f"Content-Length: {len(body)}\r\n"
    return out.encode("latin-1") + b"\r\n" + (body or b"")


def chunked(parts):
    return b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in parts) + b"0\r\n\r\n"
