#!/usr/bin/env bash
# Builds the simulator into build/simulator beside this script and prints its path; does nothing when it is up to date.
# Ends with 3 and a reason when g++ or OpenSSL's headers are missing (Debian: g++ and libssl-dev).
set -euo pipefail
cd "$(dirname "$0")"
target="$PWD/build/simulator"

if [ -x "$target" ] && [ -z "$(find build.sh src -newer "$target")" ]; then
  echo "$target"
  exit 0
fi
if ! command -v g++ > /dev/null; then
  echo "the storage simulator needs g++ (Debian: apt-get install g++)" >&2
  exit 3
fi
if ! echo '#include <openssl/ssl.h>' | g++ -E -x c++ - > /dev/null 2>&1; then
  echo "the storage simulator needs OpenSSL's headers (Debian: apt-get install libssl-dev)" >&2
  exit 3
fi

mkdir -p build
# In a folder of its own, so that two builds at once do not meet; the last one stays.
work=$(mktemp -d "$PWD/build/work-XXXXXX")
trap 'rm -rf "$work"' EXIT
# Two halves that each compile as one file: most of the time goes into reading the same headers again and again.
half() { printf '#include "%s"\n' "${@:2}" | g++ -std=c++20 -O2 -Wall -Wextra -Wconversion -I. -x c++ -c - -o "$work/$1.o"; }
half api src/{blob*,blocks,call,conditions,containers,handlers,leases,listing,messages,queues}.cpp &
api=$!
half server src/{connection,content,encoding,http,loop,main,response,service,settings,stats,store,transport}.cpp
wait $!
g++ "$work"/*.o -lssl -lcrypto -pthread -o "$work/simulator"
mv "$work/simulator" "$target"
echo "$target"
