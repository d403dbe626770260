"""The pages of the documentation as a reader meets them: commands, code, links and headings, in their order."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

ROOT = Path(__file__).parents[1]

PROGRAMS = ("kbvr", "python", "pip", "make", "pre-commit")
"""What a command in the docs begins with."""

NAME = r"kbvr (export|batch|watch|view|models)( (pull|add|rm|show))?"
"""What calls a command by its name, with nothing that it needs."""

FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
SPAN = re.compile(r"`([^`]+)`")
LINK = re.compile(r"\]\(([^)\s]+)\)")
HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)
OPTION = re.compile(r"(?<![\w!-])--[a-z][a-z0-9]*(?:-[a-z0-9]+)*")
PLACEHOLDER = re.compile(r"[A-Z]{2,}(\.\.\.)?|.*\|.*|.*=n")
"""An argument that stands for something of the reader's."""


@dataclass(frozen=True)
class Code:
    """A command, or a block of code."""

    kind: str
    """The word behind the fence; `span` is a command in the middle of a sentence."""

    text: str
    line: int
    """Where it begins, from 1."""

    @property
    def command(self) -> str:
        """Return a command without the comment behind it."""
        return self.text.split("  #")[0].strip()

    @property
    def has_a_placeholder(self) -> bool:
        """Whether a reader has to put something in before it can be run."""
        return any(PLACEHOLDER.fullmatch(argument) for argument in self.text.split()[1:])


@dataclass(frozen=True)
class DocPage:
    """One Markdown file."""

    path: Path

    @property
    def name(self) -> str:
        """Return its path from the root."""
        return self.path.relative_to(ROOT).as_posix()

    @cached_property
    def text(self) -> str:
        """Return all of it."""
        return self.path.read_text("utf-8")

    @cached_property
    def prose(self) -> str:
        """Return it without its blocks of code, their lines left empty."""
        return FENCE.sub(lambda block: "\n" * block[0].count("\n"), self.text)

    @cached_property
    def code(self) -> tuple[Code, ...]:
        """Return blocks of code and commands in the order in which they stand; shells' blocks are a command a line."""
        found = []
        for block in FENCE.finditer(self.text):
            first = self.text[: block.start(2)].count("\n") + 1
            if block[1] in ("sh", "text"):
                lines = enumerate(block[2].splitlines(), start=first)
                found += [Code(block[1], line, number) for number, line in lines if line.split()[:1]]
            elif block[1]:
                found.append(Code(block[1], block[2], first))
        for span in SPAN.finditer(self.prose):
            text = " ".join(span[1].split())
            if text.split()[0] in PROGRAMS and " " in text:
                found.append(Code("span", text, self.prose[: span.start()].count("\n") + 1))
        return tuple(sorted(found, key=lambda code: code.line))

    @cached_property
    def commands(self) -> tuple[Code, ...]:
        """Return what a reader can type into a shell."""
        return tuple(code for code in self.code if code.kind in ("sh", "text", "span"))

    @cached_property
    def named_files(self) -> tuple[str, ...]:
        """Return the files of kbvr's making that text and commands name.

        A suffix alone, as in `.webp`, after a whole name belongs to that one's sibling.
        """
        names = []
        for paragraph in self.prose.split("\n\n"):
            stem = ""
            for span in SPAN.findall(paragraph):
                if re.fullmatch(r"([\w-]+/)*\w+_kbvr\w*(\.\w+)+|kbvr-\w+\.js", span) and span[0] != "_":
                    stem = span.rpartition(".")[0]
                    names.append(span)
                elif stem and re.fullmatch(r"\.\w{3,4}", span):
                    names.append(stem + span)
        shells = " ".join(code.text for code in self.code if code.kind == "sh")
        return (*names, *re.findall(r"out/\S*\.\w+", shells))

    @cached_property
    def anchors(self) -> frozenset[str]:
        """Return what its headings are linked to by, as GitHub makes it of them."""
        return frozenset(
            re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in HEADING.findall(self.prose)
        )

    @cached_property
    def links(self) -> tuple[str, ...]:
        """Return where its links and pictures lead."""
        return tuple(LINK.findall(self.prose))


PAGES = tuple(
    DocPage(path)
    for pattern in ("README.md", "CONTRIBUTING.md", "examples/*.md", "docs/*.md", "bench/*.md", "viewers/*.md")
    for path in sorted(ROOT.glob(pattern))
)
"""All pages with commands, the README first."""

RECORDS = tuple(DocPage(ROOT / name) for name in ("CHANGELOG.md", "CONVENTIONS.md"))
"""Pages that tell nobody what to type."""
