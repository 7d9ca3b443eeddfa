-- EXPECT: the model file runs for too long
-- LINE: 4
-- Calls count as what functions in C cost.
while true do rawlen("") end
