// The daemon's own log lines, for operators: one line an event, on standard error. Not the audit
// log.
//
// Safe from any thread. The only file that includes spdlog is log.cpp.
// Never pass a token, a key, or anything from a request's body.
#pragma once

#include <string>
#include <string_view>

namespace portcullis::log {

enum class Level { debug, info, warning, error };
void set_level(Level level);
void write(Level level, std::string_view message);
inline void debug(std::string_view message) { write(Level::debug, message); }
inline void info(std::string_view message) { write(Level::info, message); }
inline void warning(std::string_view message) { write(Level::warning, message); }
inline void error(std::string_view message) { write(Level::error, message); }

}  // namespace portcullis::log
