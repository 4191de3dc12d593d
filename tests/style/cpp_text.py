"""C++ text as the style rules need it: without comments and literals, and its blocks by kind.

Not a parser: it knows brackets, literals and what stands before a brace. Enough for sources that
clang-format has laid out, and every simplification errs towards reporting.
"""

import re
from dataclasses import dataclass

_SKIPPED = re.compile(
    r"""
    //(?:\\\n|[^\n])*                                   # line comment
  | /\*.*?\*/                                           # block comment
  | (?:u8|[uUL])?R"(?P<tag>[^()\\\s]{0,16})\(.*?\)(?P=tag)"  # raw string
  | (?:u8|[uUL])?"(?:\\.|[^"\\\n])*"                    # string
  | (?<![0-9A-Fa-f])'(?:\\.|[^'\\\n])+'                 # character, not a digit separator
  | ^[ \t]*\#(?:\\\n|[^\n])*                            # preprocessor line
    """,
    re.VERBOSE | re.DOTALL | re.MULTILINE,
)


def blank_literals(text):
    """The text with comments, literals and preprocessor lines blanked; offsets and lines stay.

    A literal leaves a 0 in place, so that an argument stays an argument.
    """

    def blank(match):
        found = match.group()
        blanked = re.sub(r"[^\n]", " ", found)
        is_literal = found.lstrip()[0] not in "/#"
        return "0" + blanked[1:] if is_literal else blanked

    return _SKIPPED.sub(blank, text)


@dataclass
class Block:
    kind: str  # scope (namespace, class, enum), function, initialiser, or inner (in a function)
    head: int  # offset of the first character of what introduces it
    begin: int  # offset of its opening brace
    end: int  # offset of its closing brace


_SCOPE = re.compile(r"\b(namespace|class|struct|union|enum)\b")
_EXTERN_C = re.compile(r"^extern\s+0$")
_BODY = re.compile(r"\)\s*(const\b|noexcept\b|mutable\b|override\b|final\b|&|\s)*(->[^()]*)?$")


def _kind(head, parent):
    if parent in ("function", "inner"):
        return "inner"
    if _EXTERN_C.search(head):
        return "scope"
    if _BODY.search(head) or (parent == "scope" and ")" in head and not head.endswith("=")):
        return "function"
    if parent == "scope" and _SCOPE.search(head) and "=" not in head:
        return "scope"
    return "initialiser"


def blocks(code):
    """All brace blocks of blanked code, in the order in which they close."""
    found, open_blocks, head = [], [], 0
    for match in re.finditer(r"[{};]", code):
        sign, at = match.group(), match.start()
        if sign == "{":
            parent = open_blocks[-1].kind if open_blocks else "scope"
            text = code[head:at]
            start = head + len(text) - len(text.lstrip())
            open_blocks.append(Block(_kind(text.strip(), parent), start, at, at))
        elif sign == "}" and open_blocks:
            closed = open_blocks.pop()
            closed.end = at
            found.append(closed)
        head = at + 1
    return found


def line_of(text, offset):
    return text.count("\n", 0, offset) + 1
