// What is measured, a function for each part of the table.
#pragma once

#include "tests/bench/subject.h"
#include "tests/bench/table.h"

namespace microvm::bench {

void measure_pings(const Setting& setting, Table& table);
void measure_pipelining(const Setting& setting, Table& table);
void measure_connections(const Setting& setting, Table& table);
void measure_writes(const Setting& setting, Table& table);
void measure_many_items(const Setting& setting, Table& table);
void measure_start(const Setting& setting, Table& table);
void measure_memory(const Setting& setting, Table& table);
void measure_sizes(const Setting& setting, Table& table);
void measure_crowd(const Setting& setting, Table& table);
void measure_endless_line(const Setting& setting, Table& table);
void measure_exhaustion(const Setting& setting, Table& table);
void measure_floods(const Setting& setting, Table& table);

}  // namespace microvm::bench
