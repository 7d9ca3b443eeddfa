# math_embed.cmake: run by a build rule. Writes OUTPUT, a C file with the bytes of INPUT as math_text[], ended by a zero.
file(READ "${INPUT}" hex HEX)
string(REGEX REPLACE "([0-9a-f][0-9a-f])" "0x\\1," bytes "${hex}")
string(REGEX REPLACE "((0x[0-9a-f][0-9a-f],)(0x[0-9a-f][0-9a-f],)(0x[0-9a-f][0-9a-f],)(0x[0-9a-f][0-9a-f],))" "\\1\n" bytes "${bytes}")
file(WRITE "${OUTPUT}" "extern const char math_text[];\nconst char math_text[] = {\n${bytes}0};\n")
