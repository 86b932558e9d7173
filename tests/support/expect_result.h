// Expectations about results: an operation that is done, and one that the VMM refuses.
#pragma once

#include <gtest/gtest.h>

#include "microvm/error.h"

#define EXPECT_DONE(operation)                 \
  do {                                         \
    const auto done = (operation);             \
    EXPECT_TRUE(done) << done.error().message; \
  } while (false)
#define EXPECT_FAULT(operation, word)                                                \
  do {                                                                               \
    const auto done = (operation);                                                   \
    ASSERT_FALSE(done);                                                              \
    EXPECT_EQ(done.error().code, microvm::ErrorCode::Fault) << done.error().message; \
    EXPECT_EQ(done.error().fault, word) << done.error().message;                     \
  } while (false)
