"""The troubleshooting page has every message that the toolchain gives, and no other."""

import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest

from tests.messages.collect import Source
from tests.messages.message import Message, bare
from toolchain.cli.app import TERMINATED
from toolchain.link.channel import LOST_FRAME
from toolchain.link.protocol import ErrorCode

ROOT = Path(__file__).resolve().parents[2]

_QUOTE = re.compile(r"\*\*…?(`[^`]+`(?:…`[^`]+`)*)…?\*\*(?:,\s+|\s+|$)")
_INTERRUPTED = "130"
_TERMINATED = str(TERMINATED)


@dataclass(frozen=True)
class Entry:
    """A paragraph of the page: the messages it begins with, each as its literal pieces, and what it says of them."""

    section: str
    quotes: tuple[tuple[str, ...], ...]
    text: str


def read_page(page: str) -> tuple[list[Entry], list[str]]:
    """Return the entries of a page, and those of its other paragraphs that have something bold."""
    entries, others, section = [], [], ""
    for paragraph in page.split("\n\n"):
        if paragraph.startswith("## "):
            section = paragraph.removeprefix("## ").partition(":")[0]
            continue
        quotes, end = [], 0
        while found := _QUOTE.match(paragraph, end):
            quotes.append(tuple(bare(piece) for piece in re.findall(r"`([^`]+)`", found[1])))
            end = found.end()
        if quotes:
            entries.append(Entry(section, tuple(quotes), paragraph[end:].strip()))
        if "**" in paragraph[end:]:
            others.append(paragraph)
    return entries, others


def why_boards_refuse() -> list[Message]:
    """The reasons with which a message of a refusal ends."""
    codes = [code for code in ErrorCode if code not in LOST_FRAME]  # those are repaired, and never shown
    return [
        Message(code.name.lower().replace("_", " "), "6", f"toolchain/link/message.py: {code!r}") for code in codes
    ]


@cache
def source() -> tuple[Source, list[Message]]:
    found = Source(ROOT / "toolchain")
    return found, found.messages() + why_boards_refuse()


def page() -> str:
    return (ROOT / "docs" / "troubleshooting.md").read_text(encoding="utf-8")


def is_entry_of(entry: Entry, message: Message) -> bool:
    same_section = message.section is None or entry.section == message.section
    return same_section and any(message.is_quoted_by(quote) for quote in entry.quotes)


def as_written(quote: tuple[str, ...]) -> str:
    return "**" + "…".join(f"`{piece}`" for piece in quote) + "**"


def test_every_message_can_be_told_from_the_source():
    found, messages = source()
    assert len(messages) > 250
    assert not found.untraceable, (
        "give these errors a message that begins with a literal, or pass it as one:\n" + "\n".join(found.untraceable)
    )


def test_the_page_has_every_message():
    entries, _ = read_page(page())
    missing = [
        f"{message.place}: needs an entry under '## {message.section or 'any'}' that begins with "
        f"{as_written(message.pieces)}"
        for message in source()[1]
        if not any(is_entry_of(entry, message) for entry in entries)
    ]
    assert not missing, "docs/troubleshooting.md lacks:\n" + "\n".join(missing)


def test_the_page_has_no_other_message():
    entries, _ = read_page(page())
    stale = [
        f"under '## {entry.section}': {as_written(quote)}"
        for entry in entries
        for quote in entry.quotes
        if not any(
            message.section in (None, entry.section) and message.is_quoted_by(quote) for message in source()[1]
        )
    ]
    assert not stale, (
        "docs/troubleshooting.md quotes what no message of that class says, or too little of it "
        "(whole pieces between the values, the longest among them):\n" + "\n".join(stale)
    )


def test_the_page_says_something_of_every_message():
    entries, others = read_page(page())
    short = [as_written(entry.quotes[0]) for entry in entries if len(entry.text) < 40 or entry.text[-1] not in ".`"]
    assert short == [], "say the cause and the cure"
    assert others == [], "bold text that is not at the beginning of a paragraph, or no quote"


def test_the_exit_codes_are_those_of_the_errors():
    codes = set(source()[0].exit_codes.values())
    table = re.findall(r"^\| (\d+) \|", page(), re.MULTILINE)
    assert table == [*sorted(codes, key=int), _INTERRUPTED, _TERMINATED]
    headings = re.findall(r"^## (\d+):", page(), re.MULTILINE)
    assert headings == sorted(codes, key=int)


def messages_in(tmp_path: Path, code: str) -> Source:
    package = tmp_path / "package"
    package.mkdir()
    (package / "errors.py").write_text(
        "class ToolchainError(Exception):\n    exit_code = 1\n"
        "class UsageError(ToolchainError):\n    exit_code = 2\n"
        "class FileError(UsageError):\n    pass\n"
    )
    (package / "module.py").write_text(code)
    return Source(package)


@pytest.mark.parametrize(
    ("code", "pieces"),
    [
        ("raise UsageError('there is no ' + name)", None),
        ("raise FileError(f'{path} is no table: {reason}', 'a hint')", [("is no table",)]),
        ("raise UsageError(message='no file' if a else 'no folder')", [("no file",), ("no folder",)]),
        ("raise UsageError('no file %s of %d' % (a, b))", [("no file", "of")]),
        ("raise UsageError('the last 2 % of it are missing')", [("the last 2 % of it are missing",)]),
        ("raise UsageError('no {} here'.format(name))", [("no", "here")]),
        ("TEXT = 'nothing here'\ndef f():\n    raise UsageError(TEXT)", [("nothing here",)]),
        ("def f():\n    text = 'a'\n    text = 'b'\n    raise UsageError(text)", [("a",), ("b",)]),
        ("def f(text):\n    raise UsageError(text)\nf('one')\nf(text='two')", [("one",), ("two",)]),
        ("def f(text):\n    raise UsageError(text)\nf('one')\nf(other)", None),
        ("def f():\n    return f'{a} is empty', 'a hint'\nraise UsageError(*f())", [("is empty",)]),
        ("def f(text):\n    raise UsageError(f'{text} at {x}')\nf('one')\nf('two')", [("one at",), ("two at",)]),
        ("for a, b in (('lacks', 1), ('has', 2)):\n    raise UsageError(f'{x} {a} {b}')", [("lacks",), ("has",)]),
        ("raise UsageError(f'{a}: {b}')", None),
        ("raise UsageError(texts['key'])", None),
        ("raise UsageError()", None),
        ("raise UsageError", None),
        ("fail(UsageError, 'text')", None),
        ("isinstance(error, UsageError)", []),
        ("class E(UsageError):\n    def __init__(self):\n        super().__init__('own text')\nE(1)", [("own text",)]),
        ("raise type(error)(f'{error.message}, though late', 'hint')", [("though late",)]),
        ("raise UsageError(error.message, 'another hint')", []),
        ("raise ValueError(anything)", []),
    ],
)
def test_messages_are_found_in_what_they_are_made_of(tmp_path, code, pieces):
    found = messages_in(tmp_path, code)
    messages = found.messages()
    if pieces is None:
        assert len(found.untraceable) == 1
        assert found.untraceable[0].startswith("package/module.py:")
    else:
        assert found.untraceable == []
        assert [message.pieces for message in messages] == pieces


def test_a_quote_is_whole_pieces_and_not_too_few_of_them():
    message = Message("\0 of \0 clips differ from the reference; the first is \0", "7", "")
    assert message.is_quoted_by(("clips differ from the reference; the first is",))
    assert message.is_quoted_by(("of", "clips differ from the reference; the first is"))
    assert not message.is_quoted_by(("of",))
    assert not message.is_quoted_by(("clips differ",))
    assert not message.is_quoted_by(("clips differ from the reference; the first is", "of"))
