# How this project builds: one set of flags for every target, and the three functions the rooms are made of.

set(CMAKE_CXX_STANDARD 23)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
set(CMAKE_RUNTIME_OUTPUT_DIRECTORY "${CMAKE_BINARY_DIR}/bin")

add_library(microvm_flags INTERFACE)
target_compile_options(microvm_flags INTERFACE
  -Werror -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wsign-conversion -Wnon-virtual-dtor -Wold-style-cast
  -Woverloaded-virtual -Wimplicit-fallthrough -Wformat=2 -Wundef -Wcast-qual -Wmissing-declarations
  $<$<CXX_COMPILER_ID:GNU>:-Wduplicated-cond;-Wlogical-op>)
target_include_directories(microvm_flags INTERFACE "${PROJECT_SOURCE_DIR}" "${PROJECT_SOURCE_DIR}/include")

if(MICROVM_GUEST_ONLY)
  include(cmake/guest_headers.cmake)
else()
  find_package(Boost 1.81 REQUIRED)
endif()
if(MICROVM_TESTS)
  enable_testing()
  include(GoogleTest)
  find_package(GTest REQUIRED)
endif()

# Tests name what they run by these variables; microvm_test(... ENV ...) adds to them or replaces one.
set(microvm_test_env
  "MICROVM_BIN=${CMAKE_BINARY_DIR}/bin/microvm"
  "FIRECRACKER_QEMU_BIN=${CMAKE_BINARY_DIR}/bin/firecracker-qemu"
  "MONITOR_BIN=${CMAKE_BINARY_DIR}/bin/microvm-monitor"
  "MONITOR_STATIC_BIN=${MICROVM_PROVISION_DIR}/bin/microvm-monitor"
  "METADATAD_BIN=${CMAKE_BINARY_DIR}/bin/microvm-guest-metadatad"
  "METADATAD_STATIC_BIN=${MICROVM_PROVISION_DIR}/bin/microvm-guest-metadatad"
  "METADATAD_AARCH64_BIN=${MICROVM_PROVISION_DIR}/bin-aarch64/microvm-guest-metadatad"
  "PEER_METADATAD=${MICROVM_PROVISION_DIR}/peer/bin/guest_metadata_daemon"
  "VSOCK_SHIM=${CMAKE_BINARY_DIR}/tests/vsock_to_unix.so"
  "VSOCK_PROBE=${MICROVM_PROVISION_DIR}/bin/vsock_probe"
  "VHOST_DEVICE_VSOCK=${MICROVM_PROVISION_DIR}/vhost-device-vsock/vhost-device-vsock"
  "GUEST_KERNEL=${MICROVM_PROVISION_DIR}/guest-kernel/vmlinuz"
  "GUEST_MODULES=${MICROVM_PROVISION_DIR}/guest-kernel/modules"
  "BUSYBOX=${MICROVM_PROVISION_DIR}/busybox/bin/busybox")

# microvm_library(<name> SOURCES ... [DEPS ...]): a static library; includes are written from the repository's root.
function(microvm_library name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "" "SOURCES;DEPS")
  add_library(${name} STATIC ${arg_SOURCES})
  target_link_libraries(${name} PUBLIC microvm_flags ${arg_DEPS})
endfunction()

# microvm_program(<name> SOURCES ... DEPS ... [OUTPUT_NAME <file name>])
function(microvm_program name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "OUTPUT_NAME" "SOURCES;DEPS")
  add_executable(${name} ${arg_SOURCES})
  target_link_libraries(${name} PRIVATE microvm_flags ${arg_DEPS})
  target_compile_definitions(${name} PRIVATE MICROVM_VERSION="${PROJECT_VERSION}")
  if(arg_OUTPUT_NAME)
    set_target_properties(${name} PROPERTIES OUTPUT_NAME ${arg_OUTPUT_NAME})
  endif()
endfunction()

# microvm_test(<name> SOURCES ... [DEPS ...] [LABELS ...] [TIMEOUT <s>] [ENV K=V ...] [WHOLE] [SERIAL])
# One GoogleTest program. Each of its tests is a CTest test of its own; WHOLE runs the program as a single one (a
# fixture that is dear to set up), SERIAL runs nothing beside it.
function(microvm_test name)
  if(NOT MICROVM_TESTS)
    return()
  endif()
  cmake_parse_arguments(PARSE_ARGV 1 arg "WHOLE;SERIAL" "TIMEOUT" "SOURCES;DEPS;LABELS;ENV")
  add_executable(${name} ${arg_SOURCES})
  set_target_properties(${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY "${CMAKE_BINARY_DIR}/tests")
  target_link_libraries(${name} PRIVATE microvm_flags ${arg_DEPS} GTest::gmock_main)
  if(NOT arg_TIMEOUT)
    set(arg_TIMEOUT 60)
  endif()
  set(properties "TIMEOUT ${arg_TIMEOUT} RUN_SERIAL ${arg_SERIAL} LABELS [[${arg_LABELS}]] ENVIRONMENT [[${microvm_test_env};${arg_ENV}]]")
  if(arg_WHOLE)
    add_test(NAME ${name} COMMAND ${name})
    cmake_language(EVAL CODE "set_tests_properties(${name} PROPERTIES ${properties})")
  else()
    gtest_discover_tests(${name} TEST_PREFIX "${name}." DISCOVERY_MODE PRE_TEST DISCOVERY_TIMEOUT 30 NO_PRETTY_VALUES)
    # Properties that are lists do not survive gtest_discover_tests: they are set on what it found.
    set(script "${CMAKE_CURRENT_BINARY_DIR}/${name}_properties.cmake")
    file(WRITE "${script}" "if(${name}_TESTS)\n  set_tests_properties(\${${name}_TESTS} PROPERTIES ${properties})\nendif()\n")
    set_property(DIRECTORY APPEND PROPERTY TEST_INCLUDE_FILES "${script}")
  endif()
endfunction()
