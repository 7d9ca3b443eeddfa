-- EXPECT: this is compiled Lua
-- ARGS: parts/binary.luac -o out.c

