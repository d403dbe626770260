"""JSON: a tree of values, and text that readers of it trip over (RFC 8259)."""

from __future__ import annotations

import json
from random import Random
from typing import Any

from fuzz.structures.plain import changed

VALUES: tuple[Any, ...] = (
    None,
    True,
    False,
    0,
    -1,
    1.5,
    1e308,
    -1e308,
    2**63,
    2**64,
    10**400,
    "",
    "x",
    "\n\x1b[31m",
    "é\ud800",
)
VALUES += (
    "a" * 400,
    "a" * 100_000,
    [],
    {},
    [[]],
    {"": None},
    [0] * 300,
    float("nan"),
    float("inf"),
    "../../x",
    "\0",
    -0.0,
)

TEXTS = (
    "[" * 100_000,
    "{}",
    "",
    "null",
    "1" * 5000,
    "\ufeff{}",
    "{" * 10,
    '{"a":1,"a":2}',
    "NaN",
    "-",
    "[1,]",
    '"\\ud800"',
)


def mutate(data: bytes, random: Random) -> bytes:
    """Replace, remove, double or rename a value anywhere in the tree; or change the text."""
    tree = json.loads(data)
    way = random.randrange(9)
    if way == 0:
        return random.choice(TEXTS).encode("utf-8", "surrogatepass")
    if way == 1:
        return changed(data, random)
    if way == 2:
        return data.decode().encode(random.choice(("utf-16", "utf-32", "utf-8-sig", "cp500")))
    nodes = [node for node in _nodes(tree) if node]
    if not nodes:
        return changed(data, random)
    node = random.choice(nodes)
    key: Any = random.choice(list(node)) if isinstance(node, dict) else random.randrange(len(node))
    if way == 3:
        del node[key]
    elif way == 4 and isinstance(node, dict):
        node[random.choice(("", "x", "time_s", "name", "a" * 400, "\n\x1b[31m"))] = node[key]
    elif way == 5:
        value: Any = node[key]
        for _ in range(random.choice((2, 50, 400))):
            value = [value]
        node[key] = value
    elif way == 6 and isinstance(node, list):
        node.extend([node[key]] * random.choice((1, 2, 2000)))
    elif way == 7 and isinstance(node[key], int | float):
        node[key] = random.choice((-node[key], node[key] * 1e6, node[key] + 1, str(node[key]), int(node[key])))
    else:
        node[key] = random.choice(VALUES)
    return json.dumps(tree, ensure_ascii=bool(random.randrange(2))).encode("utf-8", "surrogatepass")


def _nodes(tree: Any) -> list[Any]:
    """Return every object and list of a tree."""
    nodes, waiting = [], [tree]
    while waiting:
        node = waiting.pop()
        if isinstance(node, dict | list):
            nodes.append(node)
            waiting += node.values() if isinstance(node, dict) else node
    return nodes
