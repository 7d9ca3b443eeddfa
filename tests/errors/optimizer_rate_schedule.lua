-- EXPECT: nn.SGD: 'lr' must be a number or a scalar, not f32 [2]
local nn = require "nn"
local p = nn.parameter({ 2 }, 1)
local opt = nn.SGD { p, lr = function(t) return t * nn.constant { 0.1, 0.2 } end }
local train = nn.train { loss = function() return p:sum() end, optimizer = opt }
return nn.program { model = p, train = train, steps = 1 }
