#!/usr/bin/python3
"""Shows of each rule that it can fail, and what it lets pass."""

import unittest

import rules


def function_of(lines):
    return "void f() {\n" + "  g();\n" * (lines - 2) + "}\n"


class Lengths(unittest.TestCase):
    def test_file(self):
        self.assertEqual(rules.file_length("a.cpp", "x\n" * 500), [])
        self.assertEqual(len(rules.file_length("a.cpp", "x\n" * 501)), 1)

    def test_function(self):
        self.assertEqual(rules.function_length("a.cpp", function_of(70)), [])
        self.assertEqual(len(rules.function_length("a.cpp", function_of(71))), 1)

    def test_where_functions_stand(self):
        body = "  g();\n" * 70
        for text in [
            "namespace a {\nnamespace {\nint f(int x) noexcept {\n" + body + "}\n}\n}\n",
            "struct S {\n  int f() const override {\n" + body + "  }\n};\n",
            "S::S(int a)\n    : a_{a}, b_(a) {\n" + body + "}\n",
            "TEST(Suite, Name) {\n" + body + "}\n",
            "const auto f = [](int x) -> Result<int> {\n" + body + "};\n",
            "Row rows[] = {\n  {0, [](int x) {\n" + body + "  }},\n};\n",
            'extern "C" int f() {\n' + body + "}\n",
            "std::vector<int> f(std::map<int, int> x = {}) {\n" + body + "}\n",
        ]:
            with self.subTest(text=text[:40]):
                self.assertEqual(len(rules.function_length("a.cpp", text)), 1)

    def test_what_is_no_function(self):
        rows = "  {1, 2},\n" * 90
        for text in [
            "constexpr Row rows[] = {\n" + rows + "};\n",
            "struct S {\n" + "  int a = 0;\n" * 90 + "};\n",
            "enum class E : int {\n" + "  a,\n" * 90 + "};\n",
            "namespace a {\n" + "int b;\n" * 90 + "}\n",
            "// void f() {\n" * 90,
            'const char* s = R"(\n' + "f() {\n" * 90 + ')";\n',
        ]:
            with self.subTest(text=text[:40]):
                self.assertEqual(rules.function_length("a.cpp", text), [])


class Text(unittest.TestCase):
    def test_ascii(self):
        self.assertEqual(rules.ascii_only("a.cpp", 'x = "\\u00e9";\n'), [])
        self.assertEqual(rules.ascii_only("a.cpp", "\n// \u00e9\n")[0][0], 2)

    def test_header_comment(self):
        self.assertEqual(rules.header_comment("a.h", "// What.\n#pragma once\n"), [])
        self.assertEqual(rules.header_comment("a.cpp", "#include <a>\n"), [])
        self.assertEqual(len(rules.header_comment("a.h", "#pragma once\n// What.\n")), 1)

    def test_using_namespace(self):
        def count(text):
            return len(rules.using_namespace("a.cpp", text))

        self.assertEqual(count("using namespace std;\n"), 1)
        self.assertEqual(count("namespace a {\nusing namespace std;\n}\n"), 1)
        self.assertEqual(count("void f() {\n  using namespace std;\n}\n"), 0)
        self.assertEqual(count("// using namespace std;\n"), 0)
        self.assertEqual(count("using namespace std::chrono_literals;\n"), 0)


class Includes(unittest.TestCase):
    def count(self, path, *names):
        text = "".join(f'#include "{name}"\n' for name in names)
        return len(rules.include_direction(path, text))

    def test_what_may_be(self):
        for path, name in [
            ("src/net/a.cpp", "boost/asio.hpp"),
            ("src/cli/demo_model.cpp", "boost/beast.hpp"),
            ("src/classify/a.cpp", "re2/re2.h"),
            ("src/base/log.cpp", "spdlog/spdlog.h"),
            ("src/base/yaml.cpp", "yaml-cpp/yaml.h"),
            ("src/policy/a.cpp", "base/yaml.h"),
            ("src/policy/a.cpp", "portcullis/types.h"),
            ("src/policy/a.cpp", "portcullis/policy.h"),
            ("src/config/config.h", "content/content.h"),
            ("src/enforce/a.cpp", "portcullis/audit.h"),
            ("src/main.cpp", "cli/command.h"),
            ("include/portcullis/policy.h", "portcullis/types.h"),
            ("tests/base/a.cpp", "boost/asio.hpp"),
        ]:
            with self.subTest(path=path, name=name):
                self.assertEqual(self.count(path, name), 0)

    def test_what_may_not_be(self):
        for path, name in [
            ("src/base/a.cpp", "config/config.h"),
            ("src/identity/a.cpp", "content/content.h"),
            ("src/policy/a.cpp", "portcullis/classify.h"),
            ("src/config/a.cpp", "portcullis/policy.h"),
            ("src/classify/a.cpp", "policy/rule.h"),
            ("src/enforce/a.cpp", "net/exchange.h"),
            ("src/net/a.cpp", "cli/command.h"),
            ("src/main.cpp", "net/listener.h"),
            ("src/enforce/a.cpp", "boost/asio.hpp"),
            ("src/cli/serve.cpp", "boost/asio.hpp"),
            ("src/policy/a.cpp", "re2/re2.h"),
            ("src/net/a.cpp", "spdlog/spdlog.h"),
            ("src/base/log.h", "spdlog/spdlog.h"),
            ("src/config/a.cpp", "yaml-cpp/yaml.h"),
            ("src/base/a.cpp", "CLI/CLI.hpp"),
            ("include/portcullis/policy.h", "boost/asio.hpp"),
            ("include/portcullis/policy.h", "base/crypto.h"),
            ("include/portcullis/policy.h", "portcullis/audit.h"),
        ]:
            with self.subTest(path=path, name=name):
                self.assertEqual(self.count(path, name), 1)


class Awaits(unittest.TestCase):
    def count(self, body):
        text = "awaitable<int> f() {\n  int before = 0;\n  " + body + "\n}\n"
        return len(rules.co_await_placement("src/net/a.cpp", text))

    def test_what_may_be(self):
        for body in [
            "co_await f(a, b);",
            "const auto x = co_await f(a, b);",
            "Result<std::string> x = co_await stream.read(buffer, deadline);",
            "std::vector<std::pair<int, int>> x = co_await f();",
            "auto& x = co_await f(*this, &b, c->d, e.f, 1, true, 0.5, ns::name);",
            "auto [error, size] = co_await f(std::move(a), token);",
            "auto executor = co_await asio::this_coro::executor;",
            'co_await f("literal");',
            "if (a) {\n co_await f(a);\n }",
            "case Kind::a:\n co_await f(a);",
            "// if (co_await f())",
            "(void)co_await f(a);",
            "co_await f(a.error(), std::move(*b.c), 1'000);",
            "const auto [e] = co_await a->stream().handshake(kind, token);",
        ]:
            with self.subTest(body=body):
                self.assertEqual(self.count(body), 0)

    def test_what_may_not_be(self):
        for body in [
            "if (co_await f(a)) return;",
            "while (co_await f(a)) {}",
            "for (;co_await f(a);) {}",
            "if (auto x = co_await f(a)) {}",
            "return g(co_await f(a));",
            "co_return co_await f(a);",
            "g(co_await f(a));",
            "auto x = a ? co_await f(a) : b;",
            "auto x = !co_await f(a);",
            "auto x = (co_await f(a)).value();",
            "auto x = co_await f(a) && b;",
            "co_await f(a), co_await f(b);",
            "auto x = co_await f(co_await g(a));",
            "x = co_await f(a);",
            "if (a) co_await f(a);",
            "co_await f(g(a));",
            "co_await f([a] { return a; });",
            "co_await f(T{a});",
            "co_await f({a, b});",
            "co_await f(a ? b : c);",
            "co_await f(a + b);",
            "co_await f(a).g(b);",
            "co_await f(g());",
        ]:
            with self.subTest(body=body):
                self.assertGreaterEqual(self.count(body), 1)


class Build(unittest.TestCase):
    def test_sources_in_no_build_file(self):
        build = {
            "tests/base/CMakeLists.txt": "portcullis_test(t SOURCES a_test.cpp my_b_test.cpp)",
            "tests/CMakeLists.txt": "add_executable(x net/c_test.cpp)",
            "src/base/CMakeLists.txt": "SOURCES d_test.cpp",
            "src/config/CMakeLists.txt": "file(GLOB x ${CMAKE_CURRENT_SOURCE_DIR}/*_part.cpp)",
            "cmake/Module.cmake": "target_sources(x ${CMAKE_SOURCE_DIR}/tests/fuzz/main.cpp)",
            "tests/fuzz/a.list.cmake": "SOURCES ${CMAKE_CURRENT_LIST_DIR}/e_fuzz.cpp",
        }
        never = ["tests/base/b_test.cpp", "tests/base/d_test.cpp", "src/config/a.cpp"]
        built = ["tests/base/a_test.cpp", "tests/net/c_test.cpp", "tests/fuzz/main.cpp",
                 "tests/fuzz/e_fuzz.cpp", "src/config/a_part.cpp"]
        found = rules.unbuilt_sources([*built, *never], build)
        self.assertEqual([name for name, _ in found], never)


if __name__ == "__main__":
    unittest.main()
