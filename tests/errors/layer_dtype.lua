-- EXPECT: nn.Linear: 'dtype' must be f32, f64, f16 or bf16, not 'i32'
-- LINE: 4
local nn = require "nn"
local net = nn.Linear(4, 3, { dtype = "i32" })
