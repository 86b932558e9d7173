// One row of the contract: a request line, the reply it must get and what it must do to the files.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace microvm::contract {

/// Stands in every value that rows send; it may appear in no error text and in no log.
inline constexpr std::string_view kMarker = "hunter2";
inline constexpr std::string_view kMarkerBase64 = "aHVudGVyMg==";

enum class Verdict {
  Ok,       ///< exactly {"id":…,"ok":true}
  Invalid,  ///< an error that starts "invalid request json: "
  Refused,  ///< any other error
};

struct Row {
  std::string name;
  std::string request;  ///< without its newline
  Verdict verdict = Verdict::Ok;
  std::string id = R"("x")";         ///< as JSON, byte for byte as the reply must spell it
  std::string mentions{};            ///< what the error text must contain
  std::optional<std::string> env{};  ///< the env file afterwards; without one it may not change
  std::optional<std::pair<std::string, std::string>> secret{};  ///< name and content afterwards
  std::optional<std::string> given_env{};                       ///< the env file before
};

inline Row ok(std::string name, std::string request, std::string id = R"("x")") {
  return {.name = std::move(name), .request = std::move(request), .id = std::move(id)};
}
inline Row invalid(std::string name, std::string request, std::string id = R"("x")") {
  return {.name = std::move(name), .request = std::move(request), .verdict = Verdict::Invalid, .id = std::move(id)};
}
inline Row refused(std::string name, std::string request, std::string mentions) {
  return {.name = std::move(name),
          .request = std::move(request),
          .verdict = Verdict::Refused,
          .mentions = std::move(mentions)};
}

std::vector<Row> syntax_rows();  // what is JSON at all
std::vector<Row> number_rows();
std::vector<Row> suite_rows();  // of all these, what readers of JSON are commonly tried with
std::vector<Row> text_rows();   // strings, escapes, UTF-8
std::vector<Row> id_rows();     // which id an answer carries, and how it is spelled
std::vector<Row> shape_rows();  // fields: missing, repeated, of the wrong type, of other requests
std::vector<Row> env_rows();
std::vector<Row> merge_rows();
std::vector<Row> secret_rows();

}  // namespace microvm::contract
