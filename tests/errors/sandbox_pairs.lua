-- EXPECT: the model file runs for too long
-- LINE: 6
-- What sorts in C counts as instructions.
local t = {}
for i = 1, 100000 do t[i] = i end
while true do pairs(t) end
