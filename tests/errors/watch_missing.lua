-- EXPECT: nn.early_stopping: needs watch, a scalar state such as validate.metrics.loss
-- LINE: 4
local nn = require "nn"
local early, restore = nn.early_stopping { watch = "validate.loss", patience = 3 }
