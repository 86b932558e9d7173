// Short words for what tests ask of files.
#pragma once

#include <sys/stat.h>

#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace microvm::test {

/// Each throws std::system_error naming the path when it cannot do what it says.
std::string read_file(const std::string& path);
void write_file(const std::string& path, std::string_view content, mode_t mode = 0600);
void make_dir(const std::string& path, mode_t mode = 0700);
/// lstat; `exists` is false only when nothing has that name.
struct stat stat_of(const std::string& path);
bool exists(const std::string& path);
/// Permission bits.
mode_t mode_of(const std::string& path);
/// Names in a folder, sorted, without "." and "..".
std::vector<std::string> names_in(const std::string& dir);
/// Everything below a folder: path -> mode, owner, inode, change time and content. Two equal trees were not written to.
std::map<std::string, std::string> tree(const std::string& dir);

}  // namespace microvm::test
