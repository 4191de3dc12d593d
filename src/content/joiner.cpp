#include "content/joiner.h"

#include <utility>

#include "content/padding.h"

namespace portcullis {
namespace {

// The longest value that is found across a seam has less than this on either side of it.
constexpr std::size_t window_bytes = 256;

}  // namespace

void Joiner::add(Run& run, std::uint32_t text) {
  const Text& piece = content_.texts[text];
  if (run.value.empty()) {
    run.pointer = piece.pointer;
    run.key = piece.key;
  } else {
    run.seams.push_back(static_cast<std::uint32_t>(run.value.size()));
  }
  if (piece.value.size() <= 2 * window_bytes) {
    run.value += piece.value;
    return;
  }
  const std::string_view value = piece.value;
  const std::size_t head = prefix_end(value, window_bytes);
  const std::size_t tail = suffix_begin(value, window_bytes);
  if (tail <= head) return append_without_padding(run.value, value);
  append_without_padding(run.value, value.substr(0, head));
  std::string pointer = piece.pointer;
  const std::string_view key = piece.key;
  flush(run);  // may move the texts
  append_without_padding(run.value, value.substr(tail));
  run.pointer = std::move(pointer);
  run.key = key;
}

// A seam is where the next piece begins: what ends before the space does not reach over it.
Joiner::Run Joiner::spaced(const Run& run) {
  Run out{.pointer = run.pointer, .key = run.key, .seam_bytes = 1};
  std::size_t begin = 0;
  for (const std::uint32_t seam : run.seams) {
    out.value.append(run.value, begin, seam - begin).push_back(' ');
    out.seams.push_back(static_cast<std::uint32_t>(out.value.size()));
    begin = seam;
  }
  out.value.append(run.value, begin);
  return out;
}

void Joiner::flush(Run& run) {
  if (!run.seams.empty()) {
    Run apart = spaced(run);
    append(run);
    append(apart);
  }
  run.value.clear();
  run.seams.clear();
}

void Joiner::append(Run& run) {
  Text text;
  text.value = arena_.copy(run.value);
  text.key = run.key;
  text.pointer = std::move(run.pointer);
  text.kind = TextKind::joined;
  text.escape_depth = 0;
  text.seams = std::move(run.seams);
  text.seam_bytes = run.seam_bytes;
  content_.texts.push_back(std::move(text));
}

void Joiner::elements(std::span<const std::uint32_t> texts) {
  if (texts.size() < 2) return;
  for (const std::uint32_t text : texts) add(elements_, text);
  flush(elements_);
}

void Joiner::turn(std::string_view speaker, std::span<const std::uint32_t> texts) {
  if (speaker != speaker_) flush(turns_);
  speaker_ = speaker;
  for (const std::uint32_t text : texts) add(turns_, text);
}

void Joiner::end_of_turns() { flush(turns_); }

}  // namespace portcullis
