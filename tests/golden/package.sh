#!/usr/bin/env bash
# labels: plain
# seconds: 15
# package.sh: what other builds find of an installed nnc. `cpack -G DEB` makes a package; unpacked below a folder, nnc in it makes a library of a
# model, and a program around it is built by pkg-config and by find_package(nnrt) alone. About 15 s.
source "$(dirname "$0")/../common.sh"
need_nnc
have cmake || skip "there is no cmake"
cd "$work"
cat >model.lua <<'LUA'
local nn = require "nn"
local w = nn.parameter({}, 0.5)
return nn.program { name = "half", model = { w = w }, train = nn.train { loss = function() return w * w end, optimizer = nn.SGD { w, lr = 0.25 } },
                    run = { steps = 2, step = "train" } }
LUA
cat >main.c <<'C'
#include "half.h"
#include <stdio.h>
int main(void) {
  half_train_outputs o;
  half_context *c = half_create(2);
  if (!c || half_init(c, 1) || half_train(c, &o) || half_train(c, &o) || half_save(c, "half.safetensors")) return puts(half_error(c)), 1;
  printf("%g\n", (double)o.loss); /* w is 0.5, then 0.5 - 0.25 * 2 * 0.5 */
  half_destroy(c);
  return 0;
}
C
says() { [ "$("$@")" = 0.0625 ] || fail "$*: does not say 0.0625"; }

# ---- below any prefix, found by the prefix alone; moved ----
cmake --install "$NNC_BUILD_DIR" --prefix "$work/first" >install.txt || die "cmake --install fails"
mv first moved
uses() { # uses PREFIX: builds main.c in the folder by_PREFIX, by pkg-config and by CMake
  local prefix=$work/$1
  mkdir -p "by_$1" && cp model.lua main.c "by_$1"
  pushd "by_$1" >/dev/null
  "$prefix/bin/nnc" model.lua --lib -o half.c || fail "$1: nnc"
  if have pkg-config; then
    for define in "" --define-prefix; do
      local flags
      flags=$(PKG_CONFIG_LIBDIR=$prefix/lib/pkgconfig:$(dirname "$(find "$prefix" -name nnrt.pc)") pkg-config $define --cflags --libs nnrt) || fail "$1: pkg-config $define"
      # shellcheck disable=SC2086
      cc -O1 main.c half.c $flags -o "linked" && says ./linked || fail "$1: pkg-config $define gives $flags"
      rm -f linked
    done
  else
    echo "SKIPPED in part: there is no pkg-config"
  fi
  cat >CMakeLists.txt <<'CMAKE'
cmake_minimum_required(VERSION 3.20)
project(use VERSION 1 LANGUAGES C)
find_package(nnrt 0.1 REQUIRED)
add_custom_command(OUTPUT made.c made.h COMMAND ${NNC_EXECUTABLE} ${CMAKE_SOURCE_DIR}/model.lua --lib -o made.c DEPENDS model.lua)
add_executable(use main.c made.c)
target_compile_options(use PRIVATE "SHELL:-include made.h")
target_link_libraries(use PRIVATE nnrt::nnrt)
CMAKE
  { cmake -S . -B build -DCMAKE_PREFIX_PATH="$prefix" && cmake --build build; } >cmake.txt 2>&1 && says build/use || fail "$1: find_package: $(tail -n 5 cmake.txt)"
  popd >/dev/null
}
uses moved

# ---- the package ----
have cpack && have dpkg-deb || { echo "SKIPPED in part: there is no cpack or no dpkg-deb" && finish && exit 0; }
cpack -G DEB --config "$NNC_BUILD_DIR/CPackConfig.cmake" -B "$work/packed" >cpack.txt 2>&1 || die "cpack fails: $(tail -n 3 cpack.txt)"
package=$(ls packed/nnc_*.deb)
field() { dpkg-deb -f "$package" "$1"; }
[ "$(field Package)" = nnc ] && [ "$(field Version)" = "$("$NNC" --version | cut -d' ' -f2)" ] || fail "the package is $(field Package) $(field Version)"
for depends in libc6-dev liblua; do field Depends | grep -q "$depends" || fail "the package depends on $(field Depends), not on $depends"; done
if grep -qa libLLVM "$NNC"; then field Depends | grep -q libllvm || fail "the package depends on $(field Depends), not on LLVM"; fi
dpkg-deb -x "$package" root && mv root/usr package
[ ! -e root/usr/local ] || fail "the package writes below /usr/local"
[ -z "$(find root -type f)" ] || fail "the package writes outside of /usr: $(find root -type f | head -n 3)"
uses package
cmp by_moved/half.safetensors by_package/half.safetensors || fail "the package trains otherwise"
finish
