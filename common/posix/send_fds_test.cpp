#include "common/posix/send_fds.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <string>
#include <vector>

#include "common/base/unique_fd.h"

namespace microvm::posix {
namespace {

class SendFds : public testing::Test {
 protected:
  void SetUp() override {
    std::array<int, 2> ends{};
    ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()), 0);
    here_.reset(ends[0]);
    there_.reset(ends[1]);
  }

  // What arrives in one go, and the descriptors with it.
  std::string receive(std::vector<UniqueFd>& fds) const {
    std::array<char, 64> bytes{};
    alignas(cmsghdr) std::array<char, 256> control{};
    iovec part{bytes.data(), bytes.size()};
    msghdr message{};
    message.msg_iov = &part;
    message.msg_iovlen = 1;
    message.msg_control = control.data();
    message.msg_controllen = control.size();
    const ssize_t n = ::recvmsg(there_.get(), &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
    if (const cmsghdr* rights = CMSG_FIRSTHDR(&message); rights != nullptr && rights->cmsg_type == SCM_RIGHTS) {
      std::array<int, 32> numbers{};
      const std::size_t size = rights->cmsg_len - CMSG_LEN(0);
      std::memcpy(numbers.data(), CMSG_DATA(rights), size);
      for (std::size_t i = 0; i < size / sizeof(int); ++i) fds.emplace_back(numbers.at(i));
    }
    return {bytes.data(), static_cast<std::size_t>(std::max<ssize_t>(n, 0))};
  }

  UniqueFd here_, there_;
};

TEST_F(SendFds, PartsAndDescriptorsArriveTogetherInOrder) {
  std::array<int, 2> first{}, second{};
  ASSERT_EQ(::pipe2(first.data(), O_CLOEXEC), 0);
  ASSERT_EQ(::pipe2(second.data(), O_CLOEXEC), 0);
  const UniqueFd first_in(first[0]), second_in(second[0]);
  UniqueFd first_out(first[1]), second_out(second[1]);
  std::string a = "ab", b = "cd";
  const std::array<iovec, 2> parts{{{a.data(), a.size()}, {b.data(), b.size()}}};
  const std::array fds{first_out.get(), second_out.get()};
  ASSERT_EQ(send_fds(here_.get(), parts, fds, MSG_NOSIGNAL), 4);
  std::vector<UniqueFd> got;
  EXPECT_EQ(receive(got), "abcd");
  ASSERT_EQ(got.size(), 2U);
  ASSERT_EQ(::write(got[0].get(), "1", 1), 1);
  ASSERT_EQ(::write(got[1].get(), "2", 1), 1);
  char byte = 0;
  EXPECT_TRUE(::read(first_in.get(), &byte, 1) == 1 && byte == '1');
  EXPECT_TRUE(::read(second_in.get(), &byte, 1) == 1 && byte == '2');
}

TEST_F(SendFds, BytesAloneNeedNone) {
  std::string text = "x";
  const iovec part{text.data(), text.size()};
  ASSERT_EQ(send_fds(here_.get(), {&part, 1}, {}, MSG_NOSIGNAL), 1);
  std::vector<UniqueFd> got;
  EXPECT_EQ(receive(got), "x");
  EXPECT_TRUE(got.empty());
}

TEST_F(SendFds, AsManyAsItSaysAndNoMore) {
  std::string text = "x";
  const iovec part{text.data(), text.size()};
  const std::vector<int> most(kMostFdsSent, here_.get());
  ASSERT_EQ(send_fds(here_.get(), {&part, 1}, most, MSG_NOSIGNAL), 1);
  std::vector<UniqueFd> got;
  EXPECT_EQ(receive(got), "x");
  EXPECT_EQ(got.size(), kMostFdsSent);
  const std::vector<int> more(kMostFdsSent + 1, here_.get());
  EXPECT_EQ(send_fds(here_.get(), {&part, 1}, more, MSG_NOSIGNAL), -1);
  EXPECT_EQ(errno, EINVAL);
  EXPECT_EQ(receive(got), "");
}

}  // namespace
}  // namespace microvm::posix
