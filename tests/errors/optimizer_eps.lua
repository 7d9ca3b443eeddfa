-- EXPECT: warning: nn.Adam: eps = 1e-08 is small beside f16
-- LINE: 9
-- ARGS: @ --float=f16 --stop-after=front
-- EXIT: 0
local nn = require "nn"
local w = nn.parameter({ 3 }, 1.0)
local train = nn.train {
  loss = function() return (w * w):sum() end,
  optimizer = nn.Adam { w, lr = 1e-3 },
}
return nn.program { model = { w = w }, train = train, steps = 1 }
