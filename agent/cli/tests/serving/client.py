"""What the official Python package does with `glim serve`: client.py BASE_URL TOKEN SCENARIO."""

import base64
import concurrent.futures
import struct
import sys
import zlib

import openai

MODEL = "tiny"


def png(width, height, colour):
    """A picture of one colour, as a data URL."""
    row = b"\0" + bytes(colour) * width

    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    file = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(row * height)) + chunk(b"IEND", b"")
    return "data:image/png;base64," + base64.b64encode(file).decode()


def user(*parts):
    """A message of words and data URLs."""
    content = [
        {"type": "image_url", "image_url": {"url": part}} if part.startswith("data:") else {"type": "text", "text": part}
        for part in parts
    ]
    return [{"role": "user", "content": content}]


def ask(client, messages=None, **more):
    more = {"temperature": 0, "max_tokens": 8, **more}
    return client.chat.completions.create(model=MODEL, messages=messages or user("Say it."), **more)


def refusal(kind, call):
    try:
        call()
    except kind as error:
        return error
    raise AssertionError(f"{kind.__name__} was not raised")


def plain(client):
    models = client.models.list().data
    assert [model.id for model in models] == [MODEL], models
    assert client.models.retrieve(MODEL).owned_by == "glim"
    reply = ask(client)
    assert reply.object == "chat.completion" and reply.model == MODEL and reply.id.startswith("chatcmpl-")
    choice = reply.choices[0]
    assert choice.message.role == "assistant" and isinstance(choice.message.content, str)
    assert choice.finish_reason in ("stop", "length") and choice.logprobs is None
    usage = reply.usage
    assert 0 < usage.completion_tokens <= 8 and usage.total_tokens == usage.prompt_tokens + usage.completion_tokens
    assert ask(client).choices[0].message.content == choice.message.content, "greedy replies are equal"
    longer = ask(client, user("Say it, and say it again, and then say it once more."))
    assert longer.usage.prompt_tokens > usage.prompt_tokens


def taught(client):
    """A model that says `gray box` and ends."""
    reply = ask(client)
    assert reply.choices[0].message.content == "gray box", reply
    assert reply.choices[0].finish_reason == "stop"
    short = ask(client, max_tokens=1)
    assert short.choices[0].finish_reason == "length" and short.usage.completion_tokens == 1
    assert "gray box".startswith(short.choices[0].message.content)
    # A stop text is no part of the reply, even when it spans tokens.
    for stop in ("y b", ["nothing", "y b"]):
        stopped = ask(client, stop=stop)
        assert stopped.choices[0].message.content == "gra", stopped
        assert stopped.choices[0].finish_reason == "stop"
    sampled = ask(client, temperature=1, top_p=0.9, seed=3)
    assert sampled.choices[0].message.content == "gray box", "it is all but certain"


def streaming(client):
    for logprobs in (False, True):
        whole = ask(client, logprobs=logprobs, max_tokens=12)
        chunks = list(ask(client, stream=True, stream_options={"include_usage": True}, logprobs=logprobs, max_tokens=12))
        assert chunks[0].choices[0].delta.role == "assistant"
        text = "".join(choice.delta.content or "" for chunk in chunks for choice in chunk.choices)
        assert text == whole.choices[0].message.content, (text, whole)
        reasons = [choice.finish_reason for chunk in chunks for choice in chunk.choices]
        assert reasons[:-1] == [None] * (len(reasons) - 1) and reasons[-1] == whole.choices[0].finish_reason
        assert chunks[-1].choices == [] and chunks[-1].usage == whole.usage
        assert all(chunk.usage is None for chunk in chunks[:-1])
        assert len({chunk.id for chunk in chunks}) == 1
        told = [
            entry.token
            for chunk in chunks
            for choice in chunk.choices
            if choice.logprobs
            for entry in choice.logprobs.content
        ]
        assert told == ([entry.token for entry in whole.choices[0].logprobs.content] if logprobs else [])
    bare = list(ask(client, stream=True))
    assert all(chunk.usage is None and chunk.choices for chunk in bare), "the usage was not asked for"


def pictures(client):
    red, blue = png(112, 112, (200, 30, 30)), png(140, 84, (30, 30, 200))
    one, two = ask(client, user(red, "What?")), ask(client, user(red, "and", blue, "What?"))
    words = ask(client, user("What?"))
    # 112 x 112 pixels are 16 tokens, 140 x 84 are 15, and each stands between two more.
    assert one.usage.prompt_tokens == words.usage.prompt_tokens + 18, (one.usage, words.usage)
    assert two.usage.prompt_tokens > one.usage.prompt_tokens + 17
    assert ask(client, user(red, "What?")).choices[0].message.content == one.choices[0].message.content


def logprobs(client):
    reply = ask(client, logprobs=True, top_logprobs=3, max_tokens=6)
    content = reply.choices[0].logprobs.content
    assert len(content) == reply.usage.completion_tokens
    for entry in content:
        assert entry.logprob <= 0 and bytes(entry.bytes).decode(errors="replace") == entry.token
        top = [other.logprob for other in entry.top_logprobs]
        assert len(top) == 3 and top == sorted(top, reverse=True)
        assert abs(top[0] - entry.logprob) < 1e-4, "a greedy token is the likeliest"
    silent = ask(client, logprobs=True)
    assert all(entry.top_logprobs == [] for entry in silent.choices[0].logprobs.content)


def choices(client):
    def texts(**more):
        reply = ask(client, n=3, temperature=1, max_tokens=12, **more)
        assert [choice.index for choice in reply.choices] == [0, 1, 2]
        assert reply.usage.completion_tokens <= 36
        return [choice.message.content for choice in reply.choices]

    first = texts(seed=7)
    assert len(set(first)) == 3, "each has a seed of its own"
    assert texts(seed=7) == first and texts(seed=8) != first
    streamed = ["", "", ""]
    for chunk in ask(client, n=3, temperature=1, max_tokens=12, seed=7, stream=True):
        for choice in chunk.choices:
            streamed[choice.index] += choice.delta.content or ""
    assert streamed == first


TOOLS = [{
    "type": "function",
    "function": {
        "name": "dig",
        "description": "Digs.",
        "parameters": {"type": "object", "properties": {"x": {"type": "integer"}}},
    },
}]


def tools(client):
    """A model that calls `dig` with x = 7."""
    reply = ask(client, tools=TOOLS, max_tokens=32)
    choice = reply.choices[0]
    assert choice.finish_reason == "tool_calls" and choice.message.content is None, reply
    (call,) = choice.message.tool_calls
    assert (call.type, call.function.name, call.function.arguments) == ("function", "dig", '{"x":7}'), call
    pieces = [
        piece
        for chunk in ask(client, tools=TOOLS, max_tokens=32, stream=True)
        for choice in chunk.choices
        for piece in choice.delta.tool_calls or []
    ]
    (piece,) = pieces
    assert (piece.index, piece.function.name, piece.function.arguments) == (0, "dig", '{"x":7}')
    # Without tools the same text is words, and the history of a call can be told.
    words = ask(client, max_tokens=32).choices[0]
    assert words.message.content.startswith("<tool_call>dig") and words.finish_reason == "stop"
    history = user("Dig.") + [choice.message, {"role": "tool", "tool_call_id": call.id, "content": "done"}]
    later = ask(client, history, tools=TOOLS)
    assert later.usage.prompt_tokens > reply.usage.prompt_tokens
    none = ask(client, tools=TOOLS, tool_choice="none")
    assert none.usage.prompt_tokens < reply.usage.prompt_tokens, "the template was given no tools"


def thinking(client):
    """A model in the middle of a thought, which says `gray box` without end."""
    reply = ask(client, max_tokens=24, extra_body={"thinking_budget": 12})
    message = reply.choices[0].message
    assert message.reasoning_content.startswith("gray box"), reply
    assert message.content.startswith("<answer>"), "the answer was asked for when the thought was long enough"
    assert reply.usage.completion_tokens_details.reasoning_tokens >= 12
    inline = ask(client, max_tokens=24, extra_body={"thinking_budget": 12, "separate_reasoning": False}).choices[0].message
    assert not hasattr(inline, "reasoning_content")
    assert inline.content.startswith("<think>gray box") and "</think><answer>" in inline.content, inline
    thought = content = ""
    for chunk in ask(client, max_tokens=24, stream=True, extra_body={"thinking_budget": 12}):
        for choice in chunk.choices:
            thought += getattr(choice.delta, "reasoning_content", None) or ""
            content += choice.delta.content or ""
    assert (thought, content) == (message.reasoning_content, message.content)
    repeated = ask(client, max_tokens=1000, extra_body={"repetition_window": 16})
    assert repeated.choices[0].finish_reason == "length" and repeated.choices[0].stop_reason == "repetition"
    assert repeated.usage.completion_tokens < 900


def errors(client):
    bad = openai.BadRequestError
    for url, code in [
        ("https://example.org/cat.png", "invalid_image_url"),
        ("data:image/png;base64,%%%", "invalid_image_url"),
        ("data:image/png;base64," + base64.b64encode(b"no picture").decode(), "invalid_image"),
        (png(20000, 20, (0, 0, 0)), "invalid_image"),
    ]:
        parts = [{"type": "text", "text": "x"}, {"type": "image_url", "image_url": {"url": url}}]
        error = refusal(bad, lambda: ask(client, [{"role": "user", "content": parts}]))
        assert (error.code, error.param) == (code, "messages[0].content[1].image_url.url"), error
    error = refusal(bad, lambda: ask(client, user("word " * 4000)))
    assert error.code == "context_length_exceeded" and "2048 tokens" in error.message, error
    error = refusal(bad, lambda: ask(client, extra_body={"temprature": 1}))
    assert (error.code, error.param) == ("unknown_parameter", "temprature")
    error = refusal(openai.NotFoundError, lambda: client.chat.completions.create(model="other", messages=user("x")))
    assert error.code == "model_not_found" and error.type == "invalid_request_error"
    refusal(openai.NotFoundError, lambda: client.completions.create(model=MODEL, prompt="x"))
    # It lives on, and takes what is odd but sound: more than the context leaves is cut, and a picture may be tiny.
    assert ask(client, max_tokens=10**6, stop=["\n", "e", " ", "a"]).choices[0].finish_reason in ("stop", "length")
    assert ask(client, user(png(1, 1, (9, 9, 9)), "What?")).usage.prompt_tokens > 16


def token(client):
    ask(client)
    for key in ("wrong", "secret-but-longer"):
        other = client.with_options(api_key=key)
        error = refusal(openai.AuthenticationError, lambda: ask(other))
        assert error.code == "invalid_api_key", error


def leaving(client):
    """Goes away after three events of a reply that has no end."""
    stream = ask(client, stream=True, max_tokens=1900)
    for _ in range(3):
        next(stream)
    stream.close()


def crowd(client):
    """Each of many clients gets what it would get alone."""
    prompts = [user(f"Number {number}.") for number in range(12)]
    alone = [ask(client, prompt, temperature=1, seed=number).choices[0].message.content for number, prompt in enumerate(prompts)]

    def one(number):
        return ask(client, prompts[number], temperature=1, seed=number).choices[0].message.content

    with concurrent.futures.ThreadPoolExecutor(12) as pool:
        together = list(pool.map(one, range(12)))
    assert together == alone, "what else is in the batch changes nothing"


def busy(client):
    """More than the queue holds is refused, and served later: the package tries again by itself."""
    error = refusal(openai.RateLimitError, lambda: ask(client.with_options(max_retries=0), n=16, max_tokens=400))
    assert error.code == "queue_full" and error.response.headers["retry-after"] == "1"
    assert ask(client).choices


if __name__ == "__main__":
    base_url, key, scenario = sys.argv[1:]
    globals()[scenario](openai.OpenAI(base_url=base_url, api_key=key, timeout=120, max_retries=0))
