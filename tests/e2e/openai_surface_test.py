#!/usr/bin/python3
"""What an application may rely on, and what reaches the model's side, byte for byte.

environment: PORTCULLIS, RECORDING_UPSTREAM; PYTHONPATH: tests/support
"""

import json
import re
import time
import unittest

from portcullis_case import PortcullisCase
from portcullis_daemon import CHAT, MODEL, SECRET_PROMPT, SSN_PROMPT, UPSTREAM_KEY, chat_body
from raw_http import chunked, render

GAP_S = 0.15
ORIGIN = "https://app.example.com"


class OpenAiSurface(PortcullisCase):
    def setUp(self):
        self.upstream = self.start_upstream("--stream", "--gap-ms", str(int(GAP_S * 1000)))
        self.site = self.make_site(self.upstream.url)
        self.site.config["listen"]["cors_origins"] = [ORIGIN]
        self.site.config["listen"]["public_url"] = "https://llm.example.com"
        self.daemon = self.start_daemon(self.site)

    def tearDown(self):
        self.stop_and_verify(self.daemon)

    def sent(self):
        return self.upstream.requests()[-1]

    def assert_allowed(self, answer):
        """200, with a decision and its receipt, both of which are in the log."""
        self.assertEqual(answer.status, 200, answer.body)
        self.assertEqual(self.site.decision(answer.decision)["effect"], "allow")
        record = self.site.wait_record("decision", answer.decision)
        version, stream, _, seq, _, mac = answer.header("portcullis-receipt").split(":")
        self.assertEqual((version, stream.replace("-", ""), int(seq)),
                         ("v1", record["stream"].replace("-", ""), record["seq"]))
        self.assertEqual(mac, record["mac"])
        outcome = self.site.outcome(answer.decision)
        self.assertEqual((outcome["status"], outcome.get("failure")), (200, None))
        return record, outcome

    def test_every_endpoint(self):
        calls = [
            ("POST", CHAT, json.loads(chat_body()), "chat.completion", "chat"),
            ("POST", "/v1/responses", {"model": MODEL, "input": "Ave."}, "response", "respond"),
            ("POST", "/v1/completions", {"model": MODEL, "prompt": "Ave"}, "text_completion",
             "complete"),
            ("POST", "/v1/embeddings", {"model": "text-embedding-3-small", "input": ["Ave"]},
             "list", "embed"),
            ("GET", "/v1/models", None, "list", "list_models"),
        ]
        with self.daemon.connect() as client:  # one connection for all: it is kept alive
            for method, path, body, kind, action in calls:
                with self.subTest(path):
                    raw = None if body is None else json.dumps(body).encode()
                    answer = client.request(method, path, self.site.bearer(), raw)
                    self.assertEqual(answer.json["object"], kind)
                    record, outcome = self.assert_allowed(answer)
                    self.assertEqual(record["input"]["request"]["action"], action)
                    self.assertEqual(record["input"]["subject"]["id"], "anna@example.com")
                    self.assertEqual((self.sent()["method"], self.sent()["target"]), (method, path))
                    self.assertEqual(
                        outcome["commit"]["returned"],
                        self.site.commitment(answer.decision, "returned", answer.body))
                    if body is not None:
                        self.assertEqual(
                            record["evidence"]["commit"]["forwarded"],
                            self.site.commitment(answer.decision, "forwarded", self.sent()["body"]))

    def test_stream_arrives_event_by_event(self):
        for path, body in ((CHAT, chat_body(stream=True)),
                           ("/v1/responses", json.dumps({"model": MODEL, "input": "Ave.",
                                                         "stream": True}).encode())):
            with self.subTest(path), self.daemon.connect() as client:
                client.send(render("POST", path, self.site.bearer(), body))
                answer = client.read_head()
                self.assertEqual(answer.header("content-type"), "text/event-stream")
                times, events = [], b""
                while chunk := client.read_chunk():
                    times.append(time.monotonic())
                    self.assertTrue(chunk.endswith(b"\n\n"), "whole events only")
                    events += chunk
                self.assertGreaterEqual(len(times), 4)
                # The upstream ends at least three gaps after its first event.
                self.assertGreater(times[-1] - times[0], 2 * GAP_S)
                _, outcome = self.assert_allowed(answer)
                self.assertEqual(outcome["commit"]["returned"],
                                 self.site.commitment(answer.decision, "returned", events))
                self.assertEqual(outcome["model"], {"value": MODEL, "from": "body"})
                again = client.request("POST", CHAT, self.site.bearer(), chat_body())
                self.assertEqual(again.status, 200)  # on the same connection

    def test_redaction_as_the_upstream_receives_it(self):
        answer = self.daemon.chat(chat_body(SSN_PROMPT))
        record, _ = self.assert_allowed(answer)
        expected = chat_body(SSN_PROMPT).replace(b"536-22-8145", b"[US_SSN]")
        self.assertEqual(self.sent()["body"], expected)
        self.assertEqual(record["decision"]["obligations"],
                         [{"type": "redact", "classes": ["pii"]}])
        commit = record["evidence"]["commit"]
        self.assertEqual(commit["received"],
                         self.site.commitment(answer.decision, "received", chat_body(SSN_PROMPT)))
        self.assertEqual(commit["forwarded"],
                         self.site.commitment(answer.decision, "forwarded", expected))
        self.assertNotIn("536-22-8145", json.dumps(self.site.records()))
        self.assertNotIn("536-22-8145", self.daemon.log())

    def test_forbidden_content_reaches_nobody(self):
        answer = self.daemon.chat(chat_body(SECRET_PROMPT))
        self.assert_refused(answer, 403, "forbidden")
        self.assertEqual(answer.header("x-should-retry"), "false")
        self.assertEqual(self.upstream.requests(), [])
        records = self.site.of_exchange(answer.decision)
        self.assertEqual(len(records), 1)
        self.assertEqual(records[0]["decision"]["rules"], ["forbid-secrets"])

    def test_credentials_of_the_caller_stay_here(self):
        headers = self.site.bearer()
        token = headers["Authorization"].removeprefix("Bearer ")
        others = {name: "do-not-pass" for name in (
            "x-api-key", "api-key", "x-goog-api-key", "Portcullis-Identity", "Cookie",
            "Proxy-Authorization", "x-portkey-api-key", "x-portkey-config", "x-litellm-api-key",
            "helicone-auth", "OpenAI-Organization", "X-Forwarded-For", "X-Amz-Security-Token")}
        answer = self.daemon.chat(headers={**headers, **others, "Traceparent": "00-ab-cd-01"})
        self.assert_allowed(answer)
        sent = self.sent()["headers"]
        self.assertEqual(sent["authorization"], "Bearer " + UPSTREAM_KEY)
        self.assertEqual(sent["traceparent"], "00-ab-cd-01")
        everything = json.dumps(self.upstream.record.read_text())
        self.assertNotIn(token, everything)
        self.assertNotIn(token.rpartition(".")[2], json.dumps(self.site.records()))
        self.assertNotIn("do-not-pass", everything)

    def test_hop_by_hop_fields_are_removed(self):
        hops = {"Connection": "keep-alive, X-Stainless-Lang", "Keep-Alive": "timeout=5",
                "TE": "trailers", "Proxy-Connection": "keep-alive", "X-Stainless-Lang": "python"}
        self.assert_allowed(self.daemon.chat(headers={**self.site.bearer(), **hops}))
        left = {"connection", "keep-alive", "te", "proxy-connection"} & set(self.sent()["headers"])
        self.assertEqual(left, set())

    def test_a_credential_is_read_at_start(self):
        """Not at the first request, when what the file holds is no longer what was checked."""
        file = self.site.directory / "credential"
        file.write_text("as it was at start")
        file.chmod(0o600)
        self.site.config["upstreams"][0]["credential"]["value_from"] = {"file": str(file)}
        self.stop_and_verify(self.daemon)
        self.daemon = self.start_daemon(self.site)
        file.unlink()
        self.assert_allowed(self.daemon.chat())
        self.assertEqual(self.sent()["headers"]["authorization"], "Bearer as it was at start")

    def test_expect_continue(self):
        with self.daemon.connect() as client:
            body = chat_body()
            whole = render("POST", CHAT, {**self.site.bearer(), "Expect": "100-continue"}, body)
            client.send(whole[:-len(body)])
            self.assertEqual(client._take_until(b"\r\n\r\n"), b"HTTP/1.1 100 Continue")
            client.send(body)
            self.assert_allowed(client.read_answer())
        with self.daemon.connect() as client:  # HTTP/1.0 knows no interim answers
            client.send(whole.replace(b"HTTP/1.1", b"HTTP/1.0", 1))
            answer = client.read_answer()
            self.assertEqual(answer.interim, [])
            self.assert_allowed(answer)
        with self.daemon.connect() as client:  # who is refused is not asked for a body
            client.send(render("POST", CHAT, {"Expect": "100-continue"}, body)[:-len(body)])
            answer = client.read_answer()
            self.assertEqual(answer.interim, [])
            self.assert_refused(answer, 401, "token_missing")

    def test_chunked_request(self):
        headers = {**self.site.bearer(), "Transfer-Encoding": "chunked"}
        body = chat_body()
        with self.daemon.connect() as client:
            for parts in ([body], [body[i:i + 1] for i in range(len(body))]):
                client.send(render("POST", CHAT, headers) + chunked(parts))
                self.assert_allowed(client.read_answer())
                self.assertEqual(self.sent()["body"], body)
                self.assertNotIn("transfer-encoding", self.sent()["headers"])

    def test_pipelined_requests_are_answered_in_order(self):
        with self.daemon.connect() as client:
            client.send(b"".join(render("POST", CHAT, self.site.bearer(), chat_body(f"Ave {i}."))
                                 for i in range(3)))
            answers = [client.read_answer() for _ in range(3)]
        for answer, entry in zip(answers, self.upstream.requests(), strict=True):
            record, _ = self.assert_allowed(answer)
            self.assertEqual(record["evidence"]["commit"]["forwarded"],
                             self.site.commitment(answer.decision, "forwarded", entry["body"]))

    def test_cors(self):
        ask = {"Origin": ORIGIN, "Access-Control-Request-Method": "POST"}
        answer = self.daemon.request("OPTIONS", CHAT, ask)
        self.assertEqual(answer.status, 204)
        self.assertEqual(answer.header("access-control-allow-origin"), ORIGIN)
        self.assertIn("authorization", answer.header("access-control-allow-headers"))
        answer = self.daemon.request("OPTIONS", CHAT, {**ask, "Origin": "https://evil.example"})
        self.assert_refused(answer, 403, "cors_refused")
        self.assertIsNone(answer.header("access-control-allow-origin"))
        answer = self.daemon.chat(headers={**self.site.bearer(), "Origin": ORIGIN})
        self.assertEqual(answer.header("access-control-allow-origin"), ORIGIN)
        answer = self.daemon.chat(headers={**self.site.bearer(), "Origin": "https://evil.example"})
        self.assertIsNone(answer.header("access-control-allow-origin"))

    def test_a_401_says_where_to_go(self):
        answer = self.daemon.chat(headers={"Content-Type": "application/json"})
        self.assert_refused(answer, 401, "token_missing")
        metadata = "https://llm.example.com/.well-known/oauth-protected-resource"
        self.assertEqual(answer.header("www-authenticate"),
                         f'Bearer resource_metadata="{metadata}"')
        answer = self.daemon.request("GET", "/.well-known/oauth-protected-resource")
        self.assertEqual(answer.json["authorization_servers"], [self.site.issuer.name])
        self.assertTrue(re.fullmatch("https://llm.example.com", answer.json["resource"]))


if __name__ == "__main__":
    unittest.main(warnings="ignore")  # sockets are closed with the process
