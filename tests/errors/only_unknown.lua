-- EXPECT: only_unknown.lua: --only: there is no function 'predickt'; the program has predict, train; did you mean predict?
-- ARGS: @ --only=predict,predickt --lib -o @.never.c
local nn = require "nn"
local w = nn.parameter({}, 0.5)
return nn.program { name = "two", model = { w = w },
                    train = nn.train { loss = function() return w * w end, optimizer = nn.SGD { w, lr = 0.1 } },
                    predict = nn.func { function() return { w = nn.value(w) } end }, run = { steps = 1, step = "train" } }
