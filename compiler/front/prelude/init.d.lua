---@meta
-- init.d.lua: further names of what init.lua has.

nn.init.he_uniform = nn.init.kaiming_uniform -- the same function
nn.init.he_normal = nn.init.kaiming_normal -- the same function
nn.init.glorot_uniform = nn.init.xavier_uniform -- the same function
nn.init.glorot_normal = nn.init.xavier_normal -- the same function
