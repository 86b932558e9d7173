// What `microvm metadata` tells of the daemon's answers.
#pragma once

#include "cli/command.h"
#include "microvm/metadata_types.h"

namespace microvm::cli {

Answer answer_of(const metadata::Applied& applied);
Answer answer_of(const metadata::Stat& stat);
Answer answer_of(const metadata::Info& info);

template <class T>
Result<Answer> answer_of(const Result<T>& result) {
  return result ? Result<Answer>(answer_of(*result)) : std::unexpected(result.error());
}

}  // namespace microvm::cli
