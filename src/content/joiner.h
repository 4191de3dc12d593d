// Reads adjacent texts as one, so that a value which is split across them is seen.
//
// Collects pieces and appends to the Content two joined Texts for each run of at least two: one
// with nothing between the pieces, and one with a space, for a number that ends with its piece must
// not be taken together with the digits of the next. Of a long piece only the ends are taken: what
// lies wholly inside it is found in its own text. One exchange, one thread; the Content and the
// Arena must outlive it.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "content/arena.h"
#include "content/content.h"

namespace portcullis {

class Joiner {
 public:
  Joiner(Content& content, Arena& arena) : content_(content), arena_(arena) {}

  // Joins these texts (indexes into Content::texts) among themselves.
  void elements(std::span<const std::uint32_t> texts);
  // Joins these texts to those of the turn before, if the same speaker said them.
  void turn(std::string_view speaker, std::span<const std::uint32_t> texts);
  void end_of_turns();

 private:
  struct Run {
    std::string value;
    std::vector<std::uint32_t> seams;
    std::string pointer;
    std::string_view key;
    std::uint8_t seam_bytes = 0;
  };
  static Run spaced(const Run& run);
  void add(Run& run, std::uint32_t text);
  void flush(Run& run);
  void append(Run& run);

  Content& content_;
  Arena& arena_;
  Run turns_;
  Run elements_;
  std::string_view speaker_;
};

}  // namespace portcullis
