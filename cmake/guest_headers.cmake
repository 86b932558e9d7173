# Boost's headers for a guest build: a private folder with one link, so that nothing else of the machine's own
# /usr/include (another libc's headers) is ever found.

file(STRINGS /usr/include/boost/version.hpp line REGEX "define BOOST_VERSION ")
if(NOT line MATCHES "BOOST_VERSION ([0-9]+)" OR CMAKE_MATCH_1 LESS 108100)
  message(FATAL_ERROR "/usr/include/boost: Boost 1.81 or newer is needed (Debian's libboost1.81-dev); found: ${line}")
endif()
file(MAKE_DIRECTORY "${CMAKE_BINARY_DIR}/include")
file(CREATE_LINK /usr/include/boost "${CMAKE_BINARY_DIR}/include/boost" SYMBOLIC)
add_library(Boost::headers INTERFACE IMPORTED)
target_include_directories(Boost::headers SYSTEM INTERFACE "${CMAKE_BINARY_DIR}/include")
