"""HTTP/1.1: a line, headers, an empty line (RFC 9112). What comes and what is answered are changed alike."""

from __future__ import annotations

from random import Random

from fuzz.structures.plain import changed, rearranged

LINES = (
    b"GET / HTTP/1.1",
    b"GET  / HTTP/1.1",
    b"get / http/1.1",
    b"GET /",
    b"GET",
    b"",
    b" ",
    b"POST / HTTP/1.1",
    b"\0",
)
LINES += (
    b"GET / HTTP/9.9",
    b"GET / HTTP/1.",
    b"GET http://x/ HTTP/1.1",
    b"GET * HTTP/1.1",
    b"\x16\x03\x01\x02\0\x01\0\x01\xfc",
)
LINES += (
    b"GET /%2e%2e/%2e%2e/etc/passwd HTTP/1.1",
    b"GET /../../etc/passwd HTTP/1.1",
    b"GET /" + b"A" * 40_000 + b" HTTP/1.1",
)
LINES += (
    b"HTTP/1.1 200 OK",
    b"HTTP/1.1 206 Partial",
    b"HTTP/1.1 302 Found",
    b"HTTP/1.1 416 No",
    b"HTTP/1.1 503 No",
    b"HTTP/1.1 x",
)

HEADERS = (
    b"Range: bytes=0-0",
    b"Range: bytes=-",
    b"Range: bytes=5-2",
    b"Range: bytes=0-1,2-3",
    b"Range: bytes=99999999999-",
    b"Range: bytes=" + b"9" * 5000,
    b"Range: lines=1",
    b"If-Range: x",
    b"Host: evil.example",
    b"Host: 127.0.0.1",
    b"Host:",
    b"Transfer-Encoding: chunked",
    b"Content-Length: 5",
    b"Content-Length: -1",
    b"Content-Length: 99999999999",
    b": x",
    b"Connection: keep-alive",
    b"Connection: close",
    b"Expect: 100-continue",
    b"Accept-Encoding: gzip",
    b"X",
    b"\tX: y",
    b"X: " + b"A" * 70_000,
    b"X: \xff\xfe\0",
    b"Content-Encoding: gzip",
    b"Location: file:///etc/passwd",
    b"Location: //",
    b'ETag: "other"',
    b"Content-Range: bytes 0-0/1",
    b"Content-Range: bytes */*",
    b"Upgrade: websocket",
)


def mutate(data: bytes, random: Random) -> bytes:
    """Change the first line, a header, the ends of lines, or what follows; or ask twice."""
    head, mark, body = data.partition(b"\r\n\r\n")
    lines = head.split(b"\r\n")
    way = random.randrange(9)
    if way == 0:
        lines[0] = random.choice(LINES)
    elif way == 1:
        lines[0] = changed(lines[0], random)
    elif way == 2:
        lines.insert(random.randrange(1, len(lines) + 1), random.choice(HEADERS))
    elif way == 3:
        lines[1:] = rearranged(lines[1:], random)
    elif way == 4:
        at = random.randrange(len(lines))
        lines[at] = changed(lines[at], random)
    elif way == 5:
        lines += [random.choice(HEADERS)] * random.choice((2, 101, 300))
    elif way == 6:
        return head.replace(b"\r\n", random.choice((b"\n", b"\r", b"\n\r", b"\r\n "))) + mark + body
    elif way == 7:
        body = changed(body, random)
    else:
        return data * random.choice((2, 3, 20))
    return b"\r\n".join(lines) + mark + body
