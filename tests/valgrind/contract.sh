#!/bin/sh
# The tables of the contract against a daemon under memcheck: contract.sh <test program> <daemon>. An error or a leak is
# an exit status that the tests do not take; the reports are shown then. Valgrind knows neither seccomp nor Landlock, so
# this daemon is confined by its capabilities alone.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cat >"$folder/daemon" <<END
#!/bin/sh
exec valgrind -q --error-exitcode=99 --leak-check=full --log-file="$folder/report.%p" "$2" "\$@"
END
chmod +x "$folder/daemon"
METADATAD_BIN=$folder/daemon "$1" --gtest_brief=1 \
  --gtest_filter='Every/ContractTable.RepliesAndFiles/*:Every/ChangeTable.*:Every/Finished.*:Recovery.*:Questions.*' || {
  cat "$folder"/report.*
  exit 1
}
