// What a reply line must look like, byte for byte where the contract says so.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace microvm::contract {

/// `{"id":<id>,"ok":true}`; `id` as JSON.
std::string ok_reply(std::string_view id);

/// The error text of `{"id":<id>,"ok":false,"error":"…"}`, decoded; nothing when the line is anything else.
std::optional<std::string> error_of(std::string_view reply, std::string_view id = R"("x")");

/// `{"id":"x","ok":true,"etag":"…","changed":…,"durable":…}`, or nothing.
struct Change {
  std::string etag;
  bool changed = false;
  bool durable = false;
};
std::optional<Change> change_of(std::string_view reply);

/// `{"id":"x","ok":false,"error":"…","code":"…"}`, or nothing.
struct Refusal {
  std::string error;
  std::string code;
};
std::optional<Refusal> refusal_of(std::string_view reply);

}  // namespace microvm::contract
