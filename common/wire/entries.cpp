#include "common/wire/entries.h"

#include <algorithm>
#include <cstdlib>
#include <utility>

#include "common/base/find_byte.h"

namespace microvm::wire {

Entries::Entries(Entries&& other) noexcept
    : base_(other.base_),
      entries_(std::exchange(other.entries_, nullptr)),
      size_(std::exchange(other.size_, 0)),
      capacity_(std::exchange(other.capacity_, 0)) {}

Entries& Entries::operator=(Entries&& other) noexcept {
  base_ = other.base_;
  std::swap(entries_, other.entries_);
  std::swap(size_, other.size_);
  std::swap(capacity_, other.capacity_);
  return *this;
}

Entries::~Entries() { std::free(entries_); }

bool Entries::add(Entry entry) noexcept {
  if (size_ == capacity_) {
    const std::size_t room = std::max<std::size_t>(64, 2 * capacity_);
    auto* grown = static_cast<Entry*>(std::realloc(entries_, room * sizeof(Entry)));
    if (grown == nullptr) return false;
    entries_ = grown;
    capacity_ = room;
  }
  const std::string_view text = line(entry);
  entry.key_size = static_cast<std::uint32_t>(std::min(find_byte(text, '='), text.size()));
  entries_[size_++] = entry;
  return true;
}

bool Entries::contains(std::string_view wanted) const noexcept {
  const auto found = std::ranges::lower_bound(all(), wanted, {}, [this](Entry entry) { return key(entry); });
  return found != all().end() && key(*found) == wanted;
}

void Entries::settle() noexcept {
  // The heap's sort: no worst case that a guest's neighbour could ask for, no extra memory, small code.
  const auto before = [this](Entry a, Entry b) {
    const int order = key(a).compare(key(b));
    return order != 0 ? order < 0 : a.begin < b.begin;
  };
  if (!std::is_sorted(entries_, entries_ + size_, before)) {
    std::make_heap(entries_, entries_ + size_, before);
    std::sort_heap(entries_, entries_ + size_, before);
  }
  std::size_t kept = 0;
  for (std::size_t i = 0; i < size_; ++i) {
    const bool overridden = i + 1 < size_ && key(entries_[i]) == key(entries_[i + 1]);
    if (!overridden) entries_[kept++] = entries_[i];
  }
  size_ = kept;
}

}  // namespace microvm::wire
