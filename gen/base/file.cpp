// Whole-file input and output, hashes, embedded text files.
#include "nib/base/file.h"

#include <fmt/format.h>
#include <openssl/sha.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <system_error>
#include <utility>

#include "nib/base/check.h"
#include "nib/base/error.h"

namespace nib {

namespace resources {
const std::pair<std::string_view, std::string_view>* begin();
const std::pair<std::string_view, std::string_view>* end();
}  // namespace resources

std::string read_file(const std::filesystem::path& path, std::uintmax_t limit) {
  std::error_code error;
  const auto status = std::filesystem::status(path, error);
  if (error || !std::filesystem::exists(status))
    fail(ErrorCode::E101, "no such file: " + path.string());
  if (!std::filesystem::is_regular_file(status)) {
    fail(ErrorCode::E101, "not a regular file: " + path.string());
  }
  const std::uintmax_t size = std::filesystem::file_size(path, error);
  if (error) fail(ErrorCode::E101, path.string() + ": " + error.message());
  if (size > limit) {
    fail(ErrorCode::E101,
         fmt::format("{} has {} bytes, more than the {} allowed", path.string(), size, limit));
  }
  std::ifstream in(path, std::ios::binary);
  std::string bytes(static_cast<std::size_t>(size), '\0');
  if (!in || !in.read(bytes.data(), static_cast<std::streamsize>(size))) {
    fail(ErrorCode::E101, path.string() + ": " + std::strerror(errno));
  }
  return bytes;
}

void write_file(const std::filesystem::path& path, std::string_view bytes) {
  std::error_code error;
  if (path.has_parent_path()) std::filesystem::create_directories(path.parent_path(), error);
  const auto write = [&](const std::filesystem::path& to) {
    std::ofstream out(to, std::ios::binary | std::ios::trunc);
    out.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
    out.close();
    return static_cast<bool>(out);
  };
  const auto refuse = [&] {
    fail(ErrorCode::E102, fmt::format("{}: {}", path.string(), std::strerror(errno)));
  };
  // A device or a pipe is written to; a file is replaced as a whole, where a link leads too.
  const std::filesystem::path target = std::filesystem::weakly_canonical(path, error);
  const std::filesystem::file_status there = std::filesystem::status(target, error);
  if (std::filesystem::exists(there)) {
    if (!std::filesystem::is_regular_file(there)) {
      if (!write(path)) refuse();
      return;
    }
    if (::access(target.c_str(), W_OK) != 0) refuse();
  }
  std::filesystem::path fresh = target;
  fresh += fmt::format(".{}.part", ::getpid());
  if (!write(fresh)) {
    const int why = errno;
    std::filesystem::remove(fresh, error);
    errno = why;
    refuse();
  }
  if (std::filesystem::exists(there)) {
    std::filesystem::permissions(fresh, there.permissions(), error);
  }
  std::filesystem::rename(fresh, target, error);
  if (error) {
    const std::string why = error.message();
    std::filesystem::remove(fresh, error);
    fail(ErrorCode::E102, fmt::format("{}: {}", path.string(), why));
  }
}

std::string sha256(std::string_view bytes) {
  std::array<unsigned char, SHA256_DIGEST_LENGTH> digest{};
  SHA256(reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size(), digest.data());
  std::string text;
  for (const unsigned char byte : digest) text += fmt::format("{:02x}", byte);
  return text;
}

bool has_resource(std::string_view name) {
  for (auto* row = resources::begin(); row != resources::end(); ++row) {
    if (row->first == name) return true;
  }
  return false;
}

std::string_view resource(std::string_view name) {
  for (auto* row = resources::begin(); row != resources::end(); ++row) {
    if (row->first == name) return row->second;
  }
  NIB_CHECK(false, "no embedded file " + std::string(name));
}

}  // namespace nib
