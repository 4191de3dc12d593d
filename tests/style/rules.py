"""The rules of the house, each a function from (path, text) to [(line, message)].

`path` is relative to the repository. What a rule says is what docs and reviews would otherwise
have to repeat; why each exists stands with it.
"""

import fnmatch
import re

from cpp_text import blank_literals, blocks, line_of

FILE_LINES_MAX = 500
FUNCTION_LINES_MAX = 70


def file_length(path, text):
    lines = text.count("\n")
    if lines <= FILE_LINES_MAX:
        return []
    return [(1, f"{lines} lines, more than {FILE_LINES_MAX}: split it by concept")]


def function_length(path, text):
    code = blank_literals(text)
    found = []
    for block in blocks(code):
        if block.kind != "function":
            continue
        lines = line_of(code, block.end) - line_of(code, block.head) + 1
        if lines > FUNCTION_LINES_MAX:
            message = f"a function of {lines} lines, more than {FUNCTION_LINES_MAX}"
            found.append((line_of(code, block.head), message))
    return found


def ascii_only(path, text):
    """What looks like one character can be another: sources show exactly what they hold."""
    return [
        (number, f"`{match.group()}` is not ASCII; in a literal: \\u{ord(match.group()):04x}")
        for number, line in enumerate(text.split("\n"), 1)
        if (match := re.search(r"[^\x00-\x7f]", line))
    ]


def header_comment(path, text):
    if not path.endswith(".h") or text.startswith("// "):
        return []
    return [(1, "a header opens with a comment: purpose, thread-safety, lifetimes, errors")]


def using_namespace(path, text):
    code = blank_literals(text)
    functions = [block for block in blocks(code) if block.kind == "function"]
    return [
        (line_of(code, match.start()), "`using namespace` outside of a function")
        for match in re.finditer(r"\busing\s+namespace\b(?!\s+std::\w*literals\b)", code)
        if not any(block.begin < match.start() < block.end for block in functions)
    ]


# ---------------------------------------------------------------- include direction

_STAGES = {"identity", "content", "audit", "classify", "policy"}
# What each module may include besides itself; include/portcullis/X.h counts as module X.
_MAY_INCLUDE = {
    "base": set(),
    **{stage: {"base"} for stage in _STAGES},  # stages never include each other: they share types.h
    "config": {"base"} | _STAGES - {"policy"},  # their options are plain values in it
    "enforce": {"base", "config"} | _STAGES,
    "net": {"base", "config", "enforce"} | _STAGES,
    "cli": {"base", "config", "enforce", "net"} | _STAGES,
    "main": {"base", "cli"},
    "public": set(),
}
_SHARED = {"portcullis/types.h", "portcullis/result.h"}
_SECOND_HEADERS = {"verify": "audit"}  # include/portcullis/X.h of a module of another name
# Libraries that exactly these paths may include.
_CONFINED = [
    (r"(boost|asio)/", r"src/(net/|cli/demo)"),
    (r"re2/", r"src/classify/"),
    (r"spdlog/", r"src/base/log\.cpp$"),
    (r"yaml-cpp/", r"src/base/yaml\.cpp$"),
    (r"simdjson", r"src/content/"),
    (r"CLI/", r"src/(cli/|main\.cpp$)"),
]


def _module_of_file(path):
    parts = path.split("/")
    if parts[0] == "include":
        return "public"
    if parts[0] == "src":
        return parts[1].removesuffix(".cpp") if len(parts) == 2 else parts[1]
    return None


def _module_of_include(name):
    if name in _SHARED:
        return None
    folder, _, file = name.partition("/")
    if folder == "portcullis":
        name = file.removesuffix(".h")
        return _SECOND_HEADERS.get(name, name)
    return folder if folder in _MAY_INCLUDE else None


def include_direction(path, text):
    own = _module_of_file(path)
    if own is None:
        return []
    found = []
    for number, line in enumerate(text.split("\n"), 1):
        match = re.match(r'\s*#\s*include\s*[<"]([^>"]+)[>"]', line)
        if not match:
            continue
        name = match.group(1)
        module = _module_of_include(name)
        if module is not None and module != own and module not in _MAY_INCLUDE.get(own, set()):
            found.append((number, f"src/{own} must not include {name}: the arrows point one way"))
        for library, allowed in _CONFINED:
            if re.match(library, name) and not re.match(allowed, path):
                found.append((number, f"{name} may be included only by {allowed}"))
    return found


# ---------------------------------------------------------------- co_await

_INITIALISER = re.compile(
    r"^(const\s+)?[A-Za-z_][\w:]*(<[^=;]*>)?(\s*[&*]+)?\s+(\w+|\[[\w\s,]+\])\s*=$"
)
_CAST_AWAY = re.compile(r"^\(void\)$")
_NAMED = r"[*&!-]?\s*[\w:]+((\.|->)\w+(\(\))?)*"  # an object, its members and plain accessors
_PLAIN_ARGUMENT = re.compile(rf"^({_NAMED}|std::move\({_NAMED}\)|\d[\w.']*)?$")


def _split_arguments(text):
    parts, depth, start = [], 0, 0
    for at, sign in enumerate(text):
        depth += (sign in "([{<") - (sign in ")]}>" and text[at - 1 : at + 1] != "->")
        if sign == "," and depth == 0:
            parts.append(text[start:at].strip())
            start = at + 1
    return parts + [text[start:].strip()]


def _judge_await(before, after):
    """What is wrong with a co_await between these parts of its statement; None if nothing."""
    if before and not _INITIALISER.match(before) and not _CAST_AWAY.match(before):
        return "must be a whole initialiser (`T x = co_await f(a);`) or a bare statement"
    if "co_await" in after:
        return "one in a statement"
    call = re.match(r"^(?:[\w:.]|->|\(\)|<[\w:,\s]*>)+(\((?P<arguments>.*)\))?$", after, re.DOTALL)
    if not call:
        return "must be followed by one call and nothing else"
    for argument in _split_arguments(call.group("arguments") or ""):
        if not _PLAIN_ARGUMENT.match(argument):
            return f"every argument a named object, not `{' '.join(argument.split())}`"
    return None


def _statement_end(code, start):
    """The offset of the `;` that ends the statement, past brackets of any kind."""
    depth = 0
    for at in range(start, len(code)):
        sign = code[at]
        depth += (sign in "([{") - (sign in ")]}")
        if sign == ";" and depth <= 0:
            return at
    return len(code)


def co_await_placement(path, text):
    """Compilers have got co_await inside larger expressions wrong (GCC 12: skipped `if` bodies,
    temporaries destroyed twice). The checks of this program are such ifs."""
    code = blank_literals(text)
    found, judged_to = [], 0
    for match in re.finditer(r"\bco_await\b", code):
        if match.start() < judged_to:
            continue
        begin = max(code.rfind(sign, 0, match.start()) for sign in ";{}") + 1
        before = code[begin : match.start()].strip()
        if re.search(r"\b(for|if|while|switch)\s*\([^)]*$", code[:match.start()][-400:]):
            before = before or "("  # `for (a; co_await ...`
        before = re.sub(r"^(case\s+[\w:]+|default)\s*:(?!:)\s*", "", before)
        judged_to = _statement_end(code, match.end())
        wrong = _judge_await(before, code[match.end() : judged_to].strip())
        if wrong:
            found.append((line_of(code, match.start()), f"co_await: {wrong}"))
    return found


ALL = [
    file_length,
    function_length,
    ascii_only,
    header_comment,
    using_namespace,
    include_direction,
    co_await_placement,
]


# ---------------------------------------------------------------- the build

def unbuilt_sources(sources, build_files):
    """Sources that no CMake file names.

    `build_files` maps the path of each CMakeLists.txt or .cmake file to its text; a glob names
    what it matches.
    """
    built = set()
    for build_file, text in build_files.items():
        folder = build_file.rpartition("/")[0]
        for name in re.findall(r"[\w./${}*-]+\.cpp\b", text):
            if name.startswith("${CMAKE_SOURCE_DIR}/"):
                built.add(name.removeprefix("${CMAKE_SOURCE_DIR}/"))
            else:
                name = re.sub(r"^\$\{CMAKE_CURRENT_(SOURCE|LIST)_DIR\}/", "", name)
                built.add(f"{folder}/{name}" if folder else name)
    message = "is named in no CMake file: it is never built, and a test in it never fails"
    return [
        (source, message)
        for source in sources
        if not any(fnmatch.fnmatchcase(source, pattern) for pattern in built)
    ]
