# Toolchain: the Zig that ./dev keeps in build/venv, as a static cross compiler for MICROVM_GUEST_TARGET.

set(CMAKE_TRY_COMPILE_PLATFORM_VARIABLES MICROVM_GUEST_TARGET MICROVM_ZIG)
set(MICROVM_ZIG "${CMAKE_CURRENT_LIST_DIR}/../build/venv/bin/zig" CACHE FILEPATH "The zig program")
string(REGEX MATCH "^[^-]+" CMAKE_SYSTEM_PROCESSOR "${MICROVM_GUEST_TARGET}")
set(CMAKE_SYSTEM_NAME Linux)
# Zig asks libc++ for the std::unexpected() of C++98, which makes the std::unexpected of C++23 ambiguous: taken back.
set(CMAKE_CXX_COMPILER "${MICROVM_ZIG}" c++ -target ${MICROVM_GUEST_TARGET}
                       -U_LIBCPP_ENABLE_CXX17_REMOVED_UNEXPECTED_FUNCTIONS)
# The machine's own ar knows no foreign object files.
set(CMAKE_CXX_ARCHIVE_CREATE "\"${MICROVM_ZIG}\" ar qcs <TARGET> <OBJECTS>")
set(CMAKE_CXX_ARCHIVE_FINISH "")
