-- EXPECT: nn.data.images: classes is the number of folders, or a list of their different names, not 'cat' twice
-- LINE: 4
local nn = require "nn"
local images = nn.data.images { folder = "images", size = 8, classes = { "cat", "dog", "cat" } }
