#include "classify/email.h"

#include <algorithm>
#include <string>

#include "classify/checksums.h"

namespace portcullis::classify {
namespace {

constexpr std::size_t local_max = 64;
constexpr std::size_t domain_max = 255;

// What stands after a dot in names of files and code, and is no top-level domain.
constexpr std::string_view not_domains[] = {
    "bmp", "class", "conf", "cpp", "css", "csv", "gif", "html",  "jpeg", "jpg",      "js",  "json",
    "jsx", "log",   "pdf",  "php", "png", "svg", "tmp", "toml",  "ts",   "tsx",      "txt", "webp",
    "xml", "yaml",  "yml",  "ini", "lua", "hpp", "vue", "local", "lan",  "localhost"};

bool is_non_ascii(char c) { return static_cast<unsigned char>(c) >= 0x80; }

bool is_local(char c) {
  // A non-ASCII byte is part of an internationalised local part (RFC 6531).
  return is_alnum(c) || is_non_ascii(c) ||
         std::string_view("._%+-'&=~!#$*/?^`{|}").find(c) != std::string_view::npos;
}

bool is_domain(char c) { return is_alnum(c) || c == '-' || c == '.' || is_non_ascii(c); }

// Text may go on directly behind an address ("jane@example.com-she"). Only these are believed to
// end it there: else every version number with a word in it would be an address.
constexpr std::string_view generic_domains[] = {"app",   "biz",    "cloud", "com", "dev",  "edu",
                                                "email", "gov",    "info",  "int", "jobs", "mil",
                                                "net",   "online", "org",   "pro", "site", "tech"};
constexpr std::string_view country_domains =
    "ac ad ae af ag ai al am ao ar as at au aw ax az ba bb bd be bf bg bh bi bj bm bn bo br bs bt "
    "bw by bz ca cc cd cf cg ch ci ck cl cm cn co cr cu cv cw cx cy cz de dj dk dm do dz ec ee eg "
    "er es et eu fi fj fk fm fo fr ga gd ge gf gg gh gi gl gm gn gp gq gr gs gt gu gw gy hk hm hn "
    "hr ht hu id ie il im in io iq ir is it je jm jo jp ke kg kh ki km kn kp kr kw ky kz la lb lc "
    "li lk lr ls lt lu lv ly ma mc md mg mh mk ml mm mn mo mp mq mr ms mt mu mv mw mx my mz na nc "
    "ne nf ng ni nl no np nr nu nz om pa pe pf pg ph pk pl pm pn pr ps pt pw py qa re ro rs ru rw "
    "sa sb sc sd se sg sh si sk sl sm sn so sr ss st su sv sx sy sz tc td tf tg th tj tk tl tm tn "
    "to tr tt tv tw tz ua ug uk us uy uz va vc ve vg vi vn vu wf ws ye yt za zm zw";

std::string lower(std::string_view label) {
  std::string out(label);
  for (char& c : out) c = is_upper(c) ? static_cast<char>(c - 'A' + 'a') : c;
  return out;
}

bool is_known_top_level(std::string_view label) {
  if (label.size() < 2 || label.size() > 8) return false;
  const std::string name = lower(label);
  if (name.size() > 2) {
    return std::binary_search(std::begin(generic_domains), std::end(generic_domains), name);
  }
  return country_domains.find(name) != std::string_view::npos;
}

bool is_top_level(std::string_view label) {
  if (label.size() < 2 || label.size() > 24) return false;
  if (label.starts_with("xn--")) return true;
  const auto letter = [](char c) { return is_alpha(c) || is_non_ascii(c); };
  if (!std::all_of(label.begin(), label.end(), letter)) return false;
  return std::find(std::begin(not_domains), std::end(not_domains), lower(label)) ==
         std::end(not_domains);
}

// What stands before the dot of the last label.
bool is_parent(std::string_view domain) {
  return !domain.empty() && domain.front() != '-' && domain.front() != '.' &&
         domain.back() != '.' && domain.find("..") == std::string_view::npos;
}

std::size_t leading_letters(std::string_view label) {
  return static_cast<std::size_t>(std::find_if_not(label.begin(), label.end(), is_alpha) -
                                  label.begin());
}

// The bytes of `label` that end a host although text goes on behind them; 0: none.
std::size_t known_top_level(std::string_view label) {
  const std::size_t letters = leading_letters(label);
  const bool ends =
      letters == label.size() || label[letters] == '-' || is_non_ascii(label[letters]);
  if (ends && is_known_top_level(label.substr(0, letters))) return letters;
  const std::string_view head = label.substr(0, label.find('-'));
  const bool foreign = std::any_of(head.begin(), head.end(), is_non_ascii);
  return foreign && is_top_level(head) ? head.size() : 0;
}

// "1.2.3": "163" may be somebody's domain, this is nobody's.
bool is_version(std::string_view domain) {
  return domain.find_first_not_of("0123456789.") == std::string_view::npos &&
         domain.find('.') != std::string_view::npos;
}

// The longest prefix of `domain` that is a host; 0 if none is.
std::size_t host_size(std::string_view domain) {
  std::size_t dot = domain.rfind('.');
  if (dot == std::string_view::npos) return 0;
  if (is_top_level(domain.substr(dot + 1)) && is_parent(domain.substr(0, dot))) {
    return domain.size();
  }
  for (std::size_t end = domain.size(); dot != std::string_view::npos;
       end = dot, dot = domain.substr(0, end).rfind('.')) {
    const std::size_t label = known_top_level(domain.substr(dot + 1, end - dot - 1));
    const std::string_view parent = domain.substr(0, dot);
    if (label > 0 && is_parent(parent) && !is_version(parent)) return dot + 1 + label;
  }
  return 0;
}

}  // namespace

std::optional<ByteRange> find_email(std::string_view text, std::size_t at) {
  std::size_t begin = at;
  while (begin > 0 && at - begin < local_max && is_local(text[begin - 1])) --begin;
  // What cannot start a mailbox belongs to the text around it: quotes, brackets, "mailto=".
  while (begin < at && !is_alnum(text[begin]) && !is_non_ascii(text[begin])) {
    ++begin;
  }
  std::size_t end = at + 1;
  while (end < text.size() && end - at <= domain_max && is_domain(text[end])) ++end;
  while (end > at + 1 && !is_alnum(text[end - 1]) && !is_non_ascii(text[end - 1])) {
    --end;
  }
  const std::string_view local = text.substr(begin, at - begin);
  const std::size_t host = host_size(text.substr(at + 1, end - at - 1));
  if (local.empty() || local.back() == '.' || host == 0) return std::nullopt;
  end = at + 1 + host;
  const bool is_git_remote = local == "git" && end < text.size() && text[end] == ':';
  if (is_git_remote) return std::nullopt;
  return ByteRange{begin, end};
}

}  // namespace portcullis::classify
