"""What a Python application sees of Portcullis. Run by python_client.test.mjs.

Prints a JSON line for each answer: the test method, and the decision that the answer names.
"""

import asyncio
import json
import os
import unittest

import openai

PROMPT = "Which gates did Roman camps have?"
SSN_PROMPT = "My social security number is 536-90-4399, remember it."
ANSWER = "The recording upstream has your request."


def messages(text):
    return [{"role": "user", "content": text}]


class Portcullis(unittest.TestCase):
    def print_decision(self, response):
        decision = response.headers["portcullis-decision"]
        print(json.dumps({"test": self._testMethodName, "decision": decision}))

    async def print_decision_later(self, response):
        self.print_decision(response)

    def client(self, key=os.environ.get("PEERS_TOKEN", "")):
        http = openai.DefaultHttpxClient(event_hooks={"response": [self.print_decision]})
        return openai.OpenAI(
            base_url=os.environ["PEERS_URL"], api_key=key, timeout=60, http_client=http
        )

    def asynchronous_client(self):
        http = openai.DefaultAsyncHttpxClient(event_hooks={"response": [self.print_decision_later]})
        return openai.AsyncOpenAI(
            base_url=os.environ["PEERS_URL"],
            api_key=os.environ["PEERS_TOKEN"],
            timeout=60,
            http_client=http,
        )


class Answered(Portcullis):
    def test_chat(self):
        answer = self.client().chat.completions.create(model="small", messages=messages(PROMPT))
        self.assertEqual(answer.choices[0].message.content, ANSWER)

    def test_streamed_chat(self):
        events = self.client().chat.completions.create(
            model="small", messages=messages(PROMPT), stream=True, stream_options={"include_usage": True}
        )
        text = "".join(choice.delta.content or "" for event in events for choice in event.choices)
        self.assertEqual(text, ANSWER)

    def test_stream_helper(self):
        with self.client().chat.completions.stream(model="small", messages=messages(PROMPT)) as stream:
            answer = stream.get_final_completion()
        self.assertEqual(answer.choices[0].message.content, ANSWER)

    def test_responses(self):
        answer = self.client().responses.create(model="small", input=PROMPT)
        self.assertEqual(answer.output_text, ANSWER)

    def test_streamed_responses(self):
        events = self.client().responses.create(model="small", input=PROMPT, stream=True)
        text = "".join(event.delta for event in events if event.type == "response.output_text.delta")
        self.assertEqual(text, ANSWER)

    def test_embeddings(self):
        answer = self.client().embeddings.create(model="embedder", input=PROMPT)
        self.assertEqual(answer.data[0].embedding, [0.25, -0.5, 0.125])

    def test_async(self):
        async def ask():
            async with self.asynchronous_client() as client_:
                return await client_.chat.completions.create(
                    model="small", messages=messages(PROMPT)
                )

        self.assertEqual(asyncio.run(ask()).choices[0].message.content, ANSWER)


class Refused(Portcullis):
    def refused(self, error, status, code, call):
        with self.assertRaises(error) as raised:
            call()
        self.assertIsInstance(raised.exception, openai.APIStatusError)
        self.assertEqual(raised.exception.status_code, status)
        self.assertEqual(raised.exception.code, code)

    def test_permission(self):
        self.refused(
            openai.PermissionDeniedError,
            403,
            "data_not_covered",
            lambda: self.client().chat.completions.create(model="small", messages=messages(SSN_PROMPT)),
        )

    def test_permission_streamed(self):
        self.refused(
            openai.PermissionDeniedError,
            403,
            "data_not_covered",
            lambda: self.client().chat.completions.create(
                model="small", messages=messages(SSN_PROMPT), stream=True
            ),
        )

    def test_expired(self):
        self.refused(
            openai.AuthenticationError,
            401,
            "token_expired",
            lambda: self.client(os.environ["PEERS_EXPIRED"]).models.list(),
        )

    def test_no_token(self):
        self.refused(
            openai.AuthenticationError,
            401,
            "token_malformed",
            lambda: self.client("sk-an-api-key").models.list(),
        )


if __name__ == "__main__":
    unittest.main()
