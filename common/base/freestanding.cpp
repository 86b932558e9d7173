// What a static program does without: exceptions, and the names of their types.
#include <boost/throw_exception.hpp>
#include <cstdlib>
#include <exception>

#ifdef BOOST_NO_EXCEPTIONS
namespace boost {

// Nothing in basic_parser throws on input; this is for the linker.
void throw_exception(const std::exception&) { std::abort(); }
void throw_exception(const std::exception&, const boost::source_location&) { std::abort(); }

}  // namespace boost

// The default terminate handler would pull in a demangler of 90 KB to print a type's name.
extern "C" char* __cxa_demangle(const char*, char*, std::size_t*, int*);                     // NOLINT
extern "C" char* __cxa_demangle(const char*, char*, std::size_t*, int*) { return nullptr; }  // NOLINT
#endif
