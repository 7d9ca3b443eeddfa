#!/usr/bin/env nnc
-- EXPECT: a byte order mark and a line for the shell
-- LINE: 4
error "a byte order mark and a line for the shell"
