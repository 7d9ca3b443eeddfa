-- EXPECT: --max-threads=many: expected a whole number from 1 to 1024
-- EXIT: 2
-- ARGS: @ -o out.c --max-threads=many
return 1
