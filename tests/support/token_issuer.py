"""An OpenID provider for tests: signs access tokens, and serves discovery and keys when asked to.

As a `jwks_file` issuer it needs no network; as a server it can be taken down, made to hang, and
brought back on the same port.
"""

import base64
import json
import socket
import threading
import time
import uuid

import jwt
from cryptography.hazmat.primitives.asymmetric import ec

AUDIENCE = "portcullis"
FILE_ISSUER = "https://id.example.com/realms/test"  # never looked up: its keys are in a file


def coordinate(number):
    return base64.urlsafe_b64encode(number.to_bytes(32, "big")).rstrip(b"=").decode()


class Issuer:
    def __init__(self, name=FILE_ISSUER):
        self.name = name
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.key_id = "k1"

    def jwks(self):
        numbers = self.key.public_key().public_numbers()
        return {"keys": [{"kty": "EC", "crv": "P-256", "x": coordinate(numbers.x),
                          "y": coordinate(numbers.y), "kid": self.key_id, "use": "sig",
                          "alg": "ES256"}]}

    def token(self, subject="anna", key=None, **claims):
        now = int(time.time())
        body = {
            "iss": self.name, "sub": subject, "aud": AUDIENCE, "azp": "test-app",
            "iat": now, "exp": now + 3600, "jti": str(uuid.uuid4()), **claims,
        }
        headers = {"kid": self.key_id, "typ": "at+jwt"}
        return jwt.encode(body, key or self.key, algorithm="ES256", headers=headers)


class IssuerServer(Issuer):
    """`hang`: connections are accepted, and nothing is ever said."""

    def __init__(self, port=0, hang=False):
        self.listener = None
        self.hang = hang
        self.port = port
        self.fetches = 0  # of the keys
        self.start()
        super().__init__(f"http://127.0.0.1:{self.port}")

    def start(self):
        self.listener = socket.create_server(("127.0.0.1", self.port))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self._serve, args=(self.listener,), daemon=True).start()

    def stop(self):
        self.listener.shutdown(socket.SHUT_RDWR)  # close() alone leaves accept() waiting
        self.listener.close()

    def _serve(self, listener):
        kept = []
        while True:
            try:
                connection = listener.accept()[0]
            except OSError:
                return
            if self.hang:
                kept.append(connection)
                continue
            threading.Thread(target=self._answer, args=(connection,), daemon=True).start()

    def _answer(self, connection):
        with connection:
            head = b""
            while b"\r\n\r\n" not in head:
                more = connection.recv(4096)
                if not more:
                    return
                head += more
            if head.startswith(b"GET /keys "):
                self.fetches += 1
                document = self.jwks()
            else:
                document = {"issuer": self.name, "jwks_uri": f"{self.name}/keys"}
            body = json.dumps(document).encode()
            connection.sendall(
                b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n"
                b"Connection: close\r\n\r\n%s" % (len(body), body))
