// What the daemon answers beyond ok, as values. The guest is not trusted: what is not as the protocol says is refused,
// and the text says which field.
#pragma once

#include <expected>
#include <string>

#include "common/wire/json_tree.h"
#include "microvm/metadata_types.h"

namespace microvm::metadata {

template <class T>
using Read = std::expected<T, std::string>;

Read<Applied> read_applied(const wire::Json& reply);
Read<Stat> read_stat(const wire::Json& reply);
Read<Info> read_info(const wire::Json& reply);

}  // namespace microvm::metadata
