#!/usr/bin/env python3
"""Seeds for the fuzz targets, made from the recorded corpus: fuzz_seeds.py TARGET FOLDER. FOLDER.dict gets the words.

An input of a dialect's target is a byte that says what the body is, a byte that varies how it is handled, and the body
(fuzz/src/lib.rs); of the target `operations` it is the operation, what the body is, and the body. Bodies above the size that the targets are run with are left out: the fuzzer would cut them.
"""
import base64
import collections
import hashlib
import json
import pathlib
import re
import struct
import sys

CORPUS = pathlib.Path(__file__).resolve().parent.parent / "crates" / "testkit" / "corpus"
MOST_BYTES = 16 * 1024
MOST_WORDS = 600
# What the targets say was sent to the provider (fuzz/src/error.rs): no error may show it.
CREDENTIAL = "canary-4711-credential"
REQUEST, ANSWER, STREAM, ERROR, RAW_STREAM = b"01234"
# The dialects that clients speak, in the order of fuzz/src/subject.rs: a target that no client speaks takes theirs.
CLIENTS = ["openai-chat", "openai-responses", "anthropic-messages", "gemini"]


def exchanges(dialect):
    for file in sorted((CORPUS / dialect).glob("*.jsonl")):
        for line in file.read_text(encoding="utf-8").splitlines():
            yield json.loads(line)


# What each operation's number stands for (fuzz/src/operations.rs): the recorded dialect, and its operation where there are several.
OPERATIONS = [
    ("openai-embeddings", ""), ("openai-completions", ""), ("openai-moderations", ""), ("cohere-embed", ""),
    ("gemini", "batchEmbedContents"), ("gemini", "embedContent"),
]
FORM = b"".join(
    b"--boundary\r\nContent-Disposition: form-data; %s\r\n\r\n%s\r\n" % (names, value)
    for names, value in [(b'name="model"', b"m"), (b'name="stream"', b"true"), (b'name="file"; filename="a.wav"', b"RIFF")]
) + b"--boundary--\r\n"


def lines_of(name):
    """Texts of the corpus, one a line, with their escapes resolved."""
    escapes = {"t": "\t", "n": "\n", "r": "\r", "s": " ", "0": "\0"}
    for line in (CORPUS / name).read_text(encoding="utf-8").splitlines():
        if line and not line.startswith("#"):
            text = line.split(" ", 1)[1].split(" => ")[0].replace("{port}", "80")
            text = re.sub(r"\\u\{([0-9a-f]+)\}", lambda code: chr(int(code[1], 16)), text)
            text = re.sub(r"\\(.)", lambda escape: escapes.get(escape[1], escape[1]), text)
            yield b"", text.encode("utf-8", "surrogatepass")


def operations():
    for number, (dialect, operation) in enumerate(OPERATIONS):
        for exchange in exchanges(dialect):
            if operation and exchange.get("operation") != operation:
                continue
            number_byte = b"%d" % number
            if exchange.get("request"):
                yield number_byte + b"0", json.dumps(exchange["request"], ensure_ascii=False).encode()
            status, stream = exchange["response"]["status"], exchange["stream"]
            kind = b"3" if status != 200 else b"2" if stream else b"1"
            yield number_byte + kind, exchange["response"]["body"].encode()
    yield b"90", FORM


def lines_of_frames(stream):
    """Amazon's binary frames as lines in turn, name and data: the target computes the checksums anew."""
    lines = []
    while len(stream) >= 16:
        total, headers = struct.unpack(">II", stream[:8])
        names, at = {}, 12
        while at < 12 + headers:
            name_length = stream[at]
            name = stream[at + 1 : at + 1 + name_length].decode()
            at += 1 + name_length
            assert stream[at] == 7, "all recorded headers are texts"
            (length,) = struct.unpack(">H", stream[at + 1 : at + 3])
            names[name] = stream[at + 3 : at + 3 + length]
            at += 3 + length
        exception = names.get(":exception-type")
        lines.append(b"!" + exception if exception else names.get(":event-type", b""))
        lines.append(stream[12 + headers : total - 4])
        stream = stream[total:]
    return b"\n".join(lines)


def inputs(dialect):
    for exchange in exchanges(dialect):
        response = exchange["response"]
        body = response["body"].encode()
        if response.get("base64"):
            body = base64.b64decode(body)
        if dialect in CLIENTS and exchange.get("request"):
            yield REQUEST, json.dumps(exchange["request"], ensure_ascii=False).encode()
        if response["status"] != 200:
            yield ERROR, body
        elif not exchange["stream"]:
            yield ANSWER, body
        elif response.get("base64"):
            yield STREAM, lines_of_frames(body)
            yield RAW_STREAM, body
        else:
            yield STREAM, body
    if dialect not in CLIENTS:
        for number, client in enumerate(CLIENTS):
            for kind, body in inputs(client):
                if kind == REQUEST:
                    yield (kind, number), body


def beginnings(dialect):
    for kind, body in inputs(dialect):
        kind, number = kind if isinstance(kind, tuple) else (kind, None)
        digest = hashlib.sha256(body).digest()
        variation = digest[0] if number is None else digest[0] & ~3 | number
        yield bytes([kind, variation]), body


def words(bodies):
    """The names of members, and values that are words of the dialect, as they stand in a body."""
    found = re.findall(rb'"[A-Za-z_.$-]{1,32}"', b"".join(bodies))
    yield CREDENTIAL
    common = collections.Counter(found).most_common(MOST_WORDS)
    for word, times in common:
        if times > 1:
            yield word.decode().replace("\\", "\\\\").replace('"', '\\"')


def texts_of(target):
    """What is presented where something signed is asked for."""
    names = [b"access_token_cookie", b"refresh_token_cookie"]
    if target == "cookies":
        for name in names:
            for text in [b"%s=t.o.k", b"%s=", b"%s=a; %s=b", b"a=1;%s=t\n%s=t", b"theme=dark; %s=t; x"]:
                yield b"", text.replace(b"%s", name)
    else:
        for text in [b"", b"a.b.c", b"eyJhbGciOiJub25lIn0.e30.", bytes(range(48)), b"\x00\x10A", b"\x00\x00\x01", b"\x02\x01\x03"]:
            yield b"", text


def of_target(target):
    if target in ("cookies", "tokens"):
        return texts_of(target)
    if target == "operations":
        return operations()
    if target == "url_guard":
        return lines_of("hostile_urls.txt")
    return beginnings(target.replace("_", "-"))


def main():
    target, folder = sys.argv[1], pathlib.Path(sys.argv[2])
    folder.mkdir(parents=True, exist_ok=True)
    bodies = []
    for begin, body in of_target(target):
        if len(body) > MOST_BYTES - 2:
            continue
        data = begin + body
        path = folder / hashlib.sha1(data).hexdigest()
        path.write_bytes(data)
        bodies.append(body)
    dictionary = folder.with_suffix(".dict")
    dictionary.write_text("".join(f'"{word}"\n' for word in words(bodies)), encoding="utf-8")
    print(f"{target}: {len(bodies)} seeds in {folder}, words in {dictionary}")


if __name__ == "__main__":
    main()
