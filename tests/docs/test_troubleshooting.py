"""Every message quoted in the troubleshooting page is one that the toolchain gives."""

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def _quoted_messages() -> list[str]:
    page = (ROOT / "docs" / "troubleshooting.md").read_text(encoding="utf-8")
    bold = re.findall(r"\*\*(`.+?)\*\*", page)
    return [message for span in bold for message in re.findall(r"`([^`]+)`", span)]


def test_quoted_messages_exist_in_the_source():
    # Messages are often written as several adjacent literals.
    sources = [path.read_text(encoding="utf-8") for path in (ROOT / "toolchain").rglob("*.py")]
    source = "\n".join(re.sub(r'"\s*\n\s*f?"', "", text) for text in sources)
    messages = _quoted_messages()
    assert len(messages) > 35
    assert [message for message in messages if message not in source] == []
