#!/usr/bin/python3
"""Holds every C++ source of the repository against the rules in rules.py.

usage: style_test.py REPOSITORY
"""

import pathlib
import sys

import rules

SOURCES = ["include", "src", "tests", "bench"]
BUILD = ["cmake", "src", "tests", "bench"]


def files(root, folders, pattern):
    for folder in folders:
        for path in sorted((root / folder).rglob(pattern)):
            if "node_modules" not in path.parts:
                yield path.relative_to(root).as_posix(), path


def main():
    root = pathlib.Path(sys.argv[1])
    problems, sources = [], []
    for name, path in [*files(root, SOURCES, "*.h"), *files(root, SOURCES, "*.cpp")]:
        text = path.read_text(encoding="utf-8")
        for rule in rules.ALL:
            problems += [(name, line, message) for line, message in rule(name, text)]
        if name.endswith(".cpp"):
            sources.append(name)
    build_files = {
        name: path.read_text(encoding="utf-8")
        for pattern in ("CMakeLists.txt", "*.cmake")
        for name, path in files(root, BUILD, pattern)
    }
    problems += [(name, 1, text) for name, text in rules.unbuilt_sources(sources, build_files)]
    for name, line, message in sorted(problems):
        print(f"{name}:{line}: {message}")
    print(f"{len(sources)} sources, {len(problems)} problems")
    return 1 if problems or not sources else 0


if __name__ == "__main__":
    sys.exit(main())
